import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leftovers } from '../../../model/reset/leftovers.js';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import { isKept, Keep, keepOf, keptOn, nothingKept } from '../../../model/reset/keep.js';
import { caHash, hostFacts, otherCaHash } from '../../support/facts.js';

const mine: Partial<HostFacts> = {
  cniFiles: ['/etc/cni/net.d/10-mine.conflist'],
  cniLinks: ['cni0'],
  packetFilterRules: 3,
  homeKubeconfigs: [{ file: '/root/.kube/config', server: 'https://10.203.0.10:6443', caHash }],
  kubernetesFiles: ['/etc/kubernetes/manifests/kube-vip.yaml'],
  kubeVip: { file: '/etc/kubernetes/manifests/kube-vip.yaml', kubeconfig: '/etc/kubernetes/super-admin.conf' },
  kubeletFiles: ['/var/lib/kubelet/config.json'],
  fileVersions: { '/etc/cni/net.d/10-mine.conflist': '120 1700000000', '/root/.kube/config': '900 1700000000' },
};

describe('R13: keepOf', () => {
  it('a host that counted as clean: everything that was there', () => {
    const keep = keepOf(hostFacts(mine), { reset: false });
    expect(keep).toEqual({
      files: { '/etc/cni/net.d/10-mine.conflist': '120 1700000000', '/root/.kube/config': '900 1700000000' },
      links: ['cni0'],
      packetFilterRules: 3,
      aside: ['/etc/kubernetes/manifests/kube-vip.yaml', '/var/lib/kubelet/config.json'],
    });
    expect(Keep.parse(JSON.parse(JSON.stringify(keep)))).toEqual(keep);
  });

  it('a host with nothing of its own: nothing', () => {
    expect(keepOf(hostFacts({}), { reset: false })).toEqual(nothingKept);
  });

  it('a host that is reset first: only the kubeconfigs of logins that the reset leaves', () => {
    const node: Partial<HostFacts> = {
      pkiCaHash: otherCaHash,
      kubeconfigs: [{ file: '/etc/kubernetes/kubelet.conf', server: 'https://10.9.0.5:6443', caHash: otherCaHash }],
      homeKubeconfigs: [
        { file: '/root/.kube/config', server: 'https://10.203.0.10:6443', caHash },
        { file: '/home/ann/.kube/config', server: 'https://10.9.0.5:6443' },
        { file: '/home/bob/.kube/config', server: 'https://10.9.0.5:6443', others: [{ server: 'https://b:6443' }] },
      ],
    };
    expect(keepOf(hostFacts({ ...mine, ...node }), { reset: true })).toEqual({
      files: { '/root/.kube/config': '900 1700000000', '/home/bob/.kube/config': '' },
      links: [],
      packetFilterRules: 0,
      aside: ['/etc/kubernetes/manifests/kube-vip.yaml'],
    });
  });

  it('more CNI files than a reading lists: their folders as a whole', () => {
    const keep = keepOf(hostFacts({ ...mine, unlistedCniFiles: 7 }), { reset: false });
    expect(isKept(keep, '/var/lib/cni/networks/cbr0/10.244.0.9')).toBe(true);
    expect(isKept(keep, '/etc/cni/readme')).toBe(false);
    expect(isKept(keep, '/home/ann/.kube/config')).toBe(false);
  });

  it('a host as it was counts as clean after the undo, and what came since does not', () => {
    const file = fc.integer({ min: 0, max: 9 }).map((n) => `/etc/cni/net.d/${n}.conf`);
    const part = fc.record({
      cniFiles: fc.uniqueArray(file),
      cniLinks: fc.subarray(['cni0', 'flannel.1', 'kube-bridge']),
      packetFilterRules: fc.nat(3),
    });
    fc.assert(
      fc.property(part, part, (before, since) => {
        const keep = keepOf(hostFacts(before), { reset: false });
        expect(leftovers(hostFacts(before), hostFacts(before), keep)).toEqual([]);
        const all = {
          cniFiles: [...new Set([...before.cniFiles, ...since.cniFiles])],
          cniLinks: [...new Set([...before.cniLinks, ...since.cniLinks])],
          packetFilterRules: before.packetFilterRules + since.packetFilterRules,
        };
        const left = leftovers(hostFacts(all), hostFacts(before), keep);
        expect(left.some((one) => one.startsWith('CNI files'))).toBe(all.cniFiles.length > before.cniFiles.length);
        expect(left.some((one) => one.startsWith('network links'))).toBe(all.cniLinks.length > before.cniLinks.length);
        expect(left.some((one) => one.includes('packet-filter'))).toBe(
          before.packetFilterRules === 0 && since.packetFilterRules > 0,
        );
      }),
    );
  });
});

describe('R13: keptOn', () => {
  const keep = keepOf(hostFacts(mine), { reset: false });

  it('says what was left as it was', () => {
    expect(keptOn(keep, hostFacts(mine))).toEqual([
      'left /root/.kube/config, which was there before',
      'left /etc/cni/net.d/10-mine.conflist, which was there before',
      'left /etc/kubernetes/manifests/kube-vip.yaml, which was there before',
      'left /var/lib/kubelet/config.json, which was there before',
      'left the network link cni0, which was there before',
      'left what kube-proxy or CNI have in the packet filter, as some was there before and which that is cannot be told (3 then, 3 now)',
    ]);
    expect(keptOn(nothingKept, hostFacts(mine))).toEqual([]);
  });

  it('says what was written since, and what is gone', () => {
    const after = hostFacts({
      homeKubeconfigs: [{ file: '/root/.kube/config' }],
      fileVersions: { '/root/.kube/config': '900 1700000001' },
      packetFilterRules: 12,
      kubeletFiles: ['/var/lib/kubelet/config.json'],
    });
    expect(keptOn(keep, after)).toEqual([
      'left /root/.kube/config, which was there before and was written since',
      '/etc/cni/net.d/10-mine.conflist, which was there before, is gone',
      '/etc/kubernetes/manifests/kube-vip.yaml, which was there before, is gone',
      'left /var/lib/kubelet/config.json, which was there before',
      'the network link cni0, which was there before, is gone',
      'left what kube-proxy or CNI have in the packet filter, as some was there before and which that is cannot be told (3 then, 12 now)',
    ]);
  });

  it('says nothing of what it did not read', () => {
    const [first] = keptOn(keep, hostFacts({ homeKubeconfigs: [{ file: '/root/.kube/config' }] }));
    expect(first).toBe('left /root/.kube/config, which was there before');
  });
});
