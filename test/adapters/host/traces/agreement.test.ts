// What a reading calls a node's and what the deep clean takes away are the same, whatever is on the host: else a host is
// never clean, or loses what nobody was asked about.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { leftovers } from '../../../../model/reset/leftovers.js';
import { readHost } from '../../../../adapters/host/read-host.js';
import { deepClean } from '../../../../adapters/kubeadm/deep-clean/deep-clean.js';
import type { HostFacts } from '../../../../model/facts/host-facts.js';
import { homeKubeconfigsOfNode, isNodeListener } from '../../../../model/preflight/dirt-found.js';
import { nodeCaHashes, nodeKubeconfigs } from '../../../../model/preflight/ownership.js';
import { runtimeServices } from '../../../../model/reset/traces.js';
import { oldCa, prodCa } from '../certificates.js';
import { hostFolder } from '../host-folder.js';
import type { HostFolder } from '../host-folder.js';

let host: HostFolder;
afterEach(() => host.close());

const make = (): HostFolder => {
  host = hostFolder();
  host.program('ip', '[ "$2" != delete ] || { rm -r "sys/class/net/$3"; echo "$3" >> "$FOLDER/deleted"; }');
  host.program('systemctl', '[ "$1" != is-active ]');
  return host;
};
const read = (): Promise<HostFacts> => readHost(host, { address: '10.203.0.13' });
const guardOf = ({ identity }: HostFacts) => ({ identity, own: { operation: 'prod/join-worker/w1/1', run: 'run-1' } });
const clean = (before: HostFacts): Promise<readonly string[]> =>
  deepClean(host, guardOf(before), {
    servers: nodeKubeconfigs(before).flatMap(({ server }) => (server === undefined ? [] : [server])),
    caHashes: nodeCaHashes(before),
  });
const at = (path: string): string => join(host.folder, 'root', path);

/** Names as programs give them, as people give them, and both with a letter changed. */
const someLinks = (): string[] => {
  const real = [
    'cni0',
    'cni12',
    'flannel.1',
    'flannel-v6.1',
    'flannel-wg',
    'flannel-wg-v6',
    'kube-ipvs0',
    'kube-bridge',
    'kube-dummy-if',
    'nodelocaldns',
    'cali12345abcdef',
    'vxlan.calico',
    'vxlan-v6.calico',
    'wireguard.cali',
    'wg-v6.cali',
    'cilium_host',
    'cilium_net',
    'cilium_vxlan',
    'lxc_health',
    'lxc0123456789ab',
    'weave',
    'vethwe-bridge',
    'vethwe-pl1a2b3c',
    'vxlan-6784',
    'antrea-gw0',
    'antrea-l7-tap0',
    'ovn-k8s-mp0',
  ];
  const foreign = [
    'lo',
    'eth0',
    'ens3',
    'bond0',
    'docker0',
    'virbr0',
    'lxcbr0',
    'lxdbr0',
    'br-0123456789ab',
    'cni-podman0',
    'lxc',
    'lxc0',
    'lxcweb',
    'lxc-web1',
    'cali',
    'calico',
    'flannel',
    'weave0',
    'wg0',
    'tunl0',
    'vxlan0',
    'kube',
  ];
  const link = fc.oneof(
    fc.constantFrom(...real, ...foreign),
    fc
      .tuple(fc.constantFrom(...real, ...foreign), fc.nat(14), fc.constantFrom(...'abf019gz_.-+:'.split('')))
      .map(([name, at, letter]) => name.slice(0, at) + letter + name.slice(at + 1)),
    fc
      .tuple(
        fc.constantFrom('lxc', 'cali', 'cilium_', 'vethwe-', 'cni', 'antrea-'),
        fc.stringMatching(/^[0-9a-z_]{0,12}$/),
      )
      .map((parts) => parts.join('')),
  );
  const names = fc.sample(link, { numRuns: 4000, seed: 16 }).map((name) => name.slice(0, 15));
  return [...new Set([...real, ...foreign, ...names])].filter((name) => !/^veth(?!we-)|^\.*$|[:/]/.test(name));
};

describe('R16: the reading and the deep clean agree on', () => {
  it('thousands of names of network links', async () => {
    make();
    const links = someLinks();
    expect(links.length).toBeGreaterThan(1500);
    host.files(Object.fromEntries(links.map((link) => [`/sys/class/net/${link}/mtu`, '1450\n'])));
    const before = await read();
    const removed = await clean(before);
    expect(removed.map((one) => one.replace(/^link /, '')).toSorted()).toEqual(before.cniLinks.toSorted());
    const left = new Set(readdirSync(at('/sys/class/net')));
    const gone = new Set(before.cniLinks);
    expect(links.filter((link) => left.has(link) === gone.has(link))).toEqual([]);
    expect(gone.size).toBeGreaterThan(300);
    for (const link of ['lxcbr0', 'lxdbr0', 'cni-podman0', 'docker0', 'br-0123456789ab', 'tunl0'])
      expect(left.has(link)).toBe(true);
    expect(leftovers(await read(), before)).toEqual([]);
  }, 120_000);

  it('files, whatever lies where', async () => {
    make();
    const paths = [
      'admin.conf',
      'super-admin.conf',
      'kubelet.conf',
      'scheduler.conf',
      'controller-manager.conf',
      'bootstrap-kubelet.conf',
      'cloud.conf',
      'admin.conf.old',
      'audit/policy.yaml',
      'manifests/etcd.yaml',
      'manifests/.x/y',
      'pki/ca.crt',
      'pki/etcd/ca.key',
      'pki-backup/ca.key',
      'tmp/kubeadm1/x',
      'manifests2/x',
    ].map((file) => `/etc/kubernetes/${file}`);
    paths.push(
      '/etc/cni/net.d/10-x.conflist',
      '/etc/cni/net.d/calico-tls/key',
      '/etc/cni/readme',
      '/var/lib/cni/results/a',
      '/run/flannel/subnet.env',
      '/run/netns/cni-1',
      '/run/netns/mine',
      '/var/lib/etcd/member/wal/0.wal',
      '/var/lib/etcd/lost+found/x',
      '/var/lib/kubelet/config.yaml',
      '/var/lib/kubelet/pods/a/b',
      '/var/lib/kubelet/pki/kubelet.crt',
      '/var/lib/kubelet/cpu_manager_state',
      '/opt/cni/bin/bridge',
    );
    const shown = (facts: HostFacts): unknown => ({
      ...facts,
      kubernetesFiles: [],
      kubeconfigs: [],
      clockOffsetMs: 0,
      diskFreeMiB: {},
    });
    for (const some of fc.sample(fc.subarray(paths), { numRuns: 5, seed: 17 })) {
      host.close();
      make();
      const untouched = await read();
      host.files(Object.fromEntries(some.map((path) => [path, ''])));
      const before = await read();
      const failures: string[] = [];
      await deepClean(host, guardOf(before), { servers: [], caHashes: [] }, (what) => failures.push(what));
      const after = await read();
      expect(failures).toEqual([]);
      expect(leftovers(after, before)).toEqual([]);
      expect(shown(after)).toEqual(shown(untouched));
      // What the reading does not call a node's is still there.
      const others = some.filter((path) => /cloud|\.old|audit|backup|manifests2|readme|mine|lost|opt/.test(path));
      expect(others.filter((path) => !existsSync(at(path)))).toEqual([]);
      expect(after.kubernetesFiles.toSorted()).toEqual(
        others.filter((path) => path.startsWith('/etc/kubernetes/')).toSorted(),
      );
    }
  }, 120_000);

  it('kubeconfigs of logins', async () => {
    make();
    const cluster = ([server, ca]: readonly [string, string | undefined], index: number): string =>
      `- cluster:\n${ca === undefined ? '' : `    certificate-authority-data: ${Buffer.from(ca).toString('base64')}\n`}    server: ${server}\n  name: c${index}\n`;
    const clusters = fc.tuple(
      fc.constantFrom(
        'https://10.9.0.5:6443',
        '"https://10.9.0.5:6443"',
        'https://10.9.0.5:6443 # old',
        'https://b:6443',
      ),
      fc.constantFrom(oldCa.pem, prodCa.pem, undefined),
    );
    const users = fc.constantFrom(
      '',
      'users:\n- name: a\n  user:\n    auth-provider:\n      config:\n        server: https://b:6443\n',
    );
    const text = fc
      .tuple(fc.array(clusters, { maxLength: 3 }), users, fc.constantFrom('c0', 'c1', 'none'))
      .map(
        ([all, more, current]) =>
          `apiVersion: v1\nclusters:\n${all.map(cluster).join('')}contexts:\n- context:\n    cluster: ${current}\n  name: x\ncurrent-context: x\n${more}`,
      );
    const texts = fc.sample(text, { numRuns: 40, seed: 18 });
    host.files({
      '/etc/kubernetes/kubelet.conf': `clusters:\n${cluster(['https://10.9.0.5:6443', oldCa.pem], 0)}`,
      ...Object.fromEntries(texts.map((one, index) => [`/home/u${index}/.kube/config`, one])),
    });
    const before = await read();
    expect(before.homeKubeconfigs).toHaveLength(texts.length);
    const ofNode = homeKubeconfigsOfNode(before);
    const removed = await clean(before);
    expect(removed.filter((one) => one.startsWith('/home/')).toSorted()).toEqual(ofNode.toSorted());
    expect(ofNode.length).toBeGreaterThan(5);
    expect(ofNode.length).toBeLessThan(texts.length - 5);
    expect(leftovers(await read(), before)).toEqual([]);
  }, 60_000);

  it('what runs: which process under which unit', async () => {
    make();
    const names = ['kubelet', 'kube-apiserver', 'kube-controller', 'kube-scheduler', 'etcd', 'k3s-server', 'haproxy'];
    const units = [
      ...runtimeServices.map((unit) => `/system.slice/${unit}`),
      '/system.slice/k3s.service',
      '/system.slice/old-kubelet.service',
      '/user.slice/session-3.scope',
      '/',
      '/kubelet.slice/cri-containerd-0123.scope',
    ];
    const children: ChildProcess[] = [];
    try {
      const lines = names.flatMap((name) =>
        units.map((unit) => {
          const child = spawn('sleep', ['60']);
          children.push(child);
          host.files({ [`/proc/${child.pid}/cgroup`]: `0::${unit}\n` });
          return `${child.pid} LISTEN 0 4096 *:10250 *:* users:(("${name}",pid=${child.pid},fd=12))`;
        }),
      );
      const ended = Promise.all(
        children.map((child) => new Promise((resolve) => child.on('exit', () => resolve(child.pid)))),
      );
      host.program(
        'ss',
        `while read -r pid line; do ! kill -0 $pid 2>/dev/null || echo "$line"; done <<'X'\n${lines.join('\n')}\nX`,
      );
      const before = await read();
      expect(before.listeners).toHaveLength(names.length * units.length);
      const ours = before.listeners.filter(isNodeListener);
      const removed = await clean(before);
      expect(removed.toSorted()).toEqual(ours.map(({ process, pid }) => `running ${process} (pid ${pid})`).toSorted());
      const after = await read();
      expect(leftovers(after, before)).toEqual([]);
      expect(after.listeners).toEqual(before.listeners.filter((one) => !isNodeListener(one)));
      for (const child of children) child.kill('SIGKILL');
      await ended;
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  }, 60_000);
});
