import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leftovers } from '../../../model/reset/leftovers.js';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import { hostFacts } from '../../support/facts.js';

const clean = hostFacts();

const signs: readonly (readonly [part: Partial<HostFacts>, phrase: RegExp])[] = [
  [
    { listeners: [{ port: 10250, process: 'kubelet', pid: 811, unit: 'kubelet.service' }] },
    /kubelet \(pid 811\).*10250/,
  ],
  [{ listeners: [{ port: 2379, process: 'etcd', pid: 9 }] }, /etcd \(pid 9\).*2379/],
  [{ kubelet: { enabled: 'disabled', active: 'active' } }, /kubelet\.service/],
  [{ kubernetesFiles: ['/etc/kubernetes/super-admin.conf'] }, /super-admin\.conf/],
  [{ kubernetesFiles: ['/etc/kubernetes/manifests/etcd.yaml'] }, /etcd\.yaml/],
  [{ kubernetesFiles: ['/etc/kubernetes/pki/etcd/ca.key'] }, /ca\.key/],
  [{ etcdDataPresent: true }, /\/var\/lib\/etcd/],
  [{ kubeletStatePresent: true }, /state of the kubelet/],
  [{ kubeletMounts: ['/var/lib/kubelet/pods/x'] }, /pods\/x/],
  [{ cniFiles: ['/etc/cni/net.d/10-flannel.conflist'] }, /10-flannel/],
  [{ cniLinks: ['cni0'] }, /cni0/],
  [{ brokenLinks: ['/var/lib/cni -> /data/cni'] }, /leads to no folder.*: \/var\/lib\/cni -> \/data\/cni/],
  [{ packetFilterRules: 34 }, /34 packet-filter rules/],
];

describe('leftovers', () => {
  it('of a clean host are none, also with what is not a reset’s business', () => {
    expect(leftovers(clean)).toEqual([]);
    const others: HostFacts = {
      ...clean,
      listeners: [
        { port: 6443, process: 'haproxy', pid: 3, unit: 'haproxy.service' },
        { port: 2379, process: 'etcd', pid: 4, unit: 'k3s.service' },
      ],
      kubelet: { enabled: 'enabled', active: 'activating' },
      kubernetesFiles: ['/etc/kubernetes/audit-policy.yaml', '/etc/kubernetes/cloud.conf'],
      homeKubeconfigs: [{ file: '/home/ops/.kube/config', server: 'https://other:6443', caHash: 'sha256:other' }],
    };
    expect(leftovers(others)).toEqual([]);
  });

  it.each(signs)('name %o', (part, phrase) => {
    const found = leftovers({ ...clean, ...part });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(phrase);
  });

  it('name everything that is left, once each', () => {
    fc.assert(
      fc.property(fc.subarray([...signs.slice(0, 1), ...signs.slice(2, 4), ...signs.slice(6)]), (some) => {
        const facts = Object.assign({}, clean, ...some.map(([part]) => part)) as HostFacts;
        const found = leftovers(facts);
        expect(found).toHaveLength(some.length);
        for (const [, phrase] of some) expect(found.filter((one) => phrase.test(one))).toHaveLength(1);
      }),
    );
  });

  it('count the kubeconfigs of logins that belonged to the node before the reset', () => {
    const homeKubeconfigs = [
      { file: '/root/.kube/config', server: 'https://10.0.0.10:6443', caHash: 'sha256:node' },
      { file: '/home/a/.kube/config', server: 'https://10.0.0.9:6443' },
      { file: '/home/b/.kube/config' },
    ];
    const after: HostFacts = { ...clean, homeKubeconfigs };
    const before: HostFacts = {
      ...after,
      pkiCaHash: 'sha256:node',
      kubeconfigs: [
        { file: '/etc/kubernetes/kubelet.conf', server: 'https://10.0.0.9:6443' },
        { file: '/etc/kubernetes/admin.conf' },
      ],
    };
    expect(leftovers(after)).toEqual([]);
    expect(leftovers(after, before)).toEqual(['kubeconfigs of logins: /root/.kube/config, /home/a/.kube/config']);
  });

  it('R16: leave out a kubeconfig that names another cluster as well, as the deep clean leaves it', () => {
    const before: HostFacts = {
      ...clean,
      pkiCaHash: 'sha256:node',
      kubeconfigs: [{ file: '/etc/kubernetes/kubelet.conf', server: 'https://10.0.0.9:6443', caHash: 'sha256:node' }],
    };
    const node = { server: 'https://10.0.0.9:6443', caHash: 'sha256:node' };
    const of = (...others: { server?: string; caHash?: string }[]): string[] =>
      leftovers({ ...clean, homeKubeconfigs: [{ file: '/root/.kube/config', ...node, others }] }, before);
    expect(of(node)).toHaveLength(1);
    expect(of({ server: 'https://vip:6443', caHash: 'sha256:node' })).toHaveLength(1);
    expect(of({ server: 'https://10.0.0.9:6443' })).toHaveLength(1);
    expect(of({ server: 'https://prod:6443', caHash: 'sha256:prod' })).toEqual([]);
    expect(of(node, {})).toEqual([]);
  });

  it('R13: leave out what was there before the operation', () => {
    const keep = {
      files: { '/root/.kube/config': '', '/etc/cni/net.d/mine': '' },
      links: ['cni0'],
      packetFilterRules: 1,
      aside: [],
    };
    const facts: HostFacts = {
      ...clean,
      pkiCaHash: 'sha256:node',
      homeKubeconfigs: [{ file: '/root/.kube/config', caHash: 'sha256:node' }],
      cniFiles: ['/etc/cni/net.d/mine'],
      cniLinks: ['cni0'],
      packetFilterRules: 20,
    };
    expect(leftovers(facts, facts, keep)).toEqual([]);
    expect(leftovers(facts)).toHaveLength(4);
  });

  it('stay short where much is left', () => {
    const cniFiles = Array.from({ length: 100 }, (_, index) => `/etc/cni/net.d/${index}.conf`);
    expect(leftovers({ ...clean, cniFiles })[0]).toMatch(/ and 95 more$/);
  });
});
