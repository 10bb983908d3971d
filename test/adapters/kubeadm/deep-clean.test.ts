import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityFunction } from '../../../src/adapters/host/identity-script.js';
import type { Guard } from '../../../src/adapters/host/identity-script.js';
import { deepClean } from '../../../src/adapters/kubeadm/deep-clean.js';
import { caHashOfPem } from '../../../src/adapters/host/ca-hash.js';
import { fakeHost } from '../../support/fake-host.js';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

let host: ShellHost;
beforeEach(() => {
  host = shellHost({ rewrite: inFolder });
  // Nothing of this machine may be seen or touched.
  for (const program of ['crictl', 'ctr', 'ss', 'ip', 'nft', 'iptables-legacy-save', 'ip6tables-legacy-save'])
    host.program(program, 'exit 0');
  host.program('systemctl', '[ "$1" != is-active ]');
  put('proc/mounts', '');
});
afterEach(() => host.close());

const inFolder = (script: string, folder: string): string =>
  script.replaceAll(/^cd \/ \|\|/gm, `cd ${folder}/root-of-host ||`);
const path = (file: string): string => join(host.folder, 'root-of-host', file);
const put = (file: string, content = ''): void => {
  mkdirSync(dirname(path(file)), { recursive: true });
  writeFileSync(path(file), content);
};
const guard: Guard = { identity: [], own: { operation: 'prod/join-worker/w1/1', run: 'run-1' } };
const identity = async (): Promise<string[]> =>
  (await host.run(`cd / || exit 1\n${identityFunction}\nwhose`)).stdout.split('\n').filter((line) => line !== '');
/** Of the host that was checked, unless the test says what was seen of it. */
const clean = async (options: Partial<Parameters<typeof deepClean>[2]> = {}, seen: Partial<Guard> = {}) =>
  deepClean(host, { ...guard, identity: await identity(), ...seen }, { servers: [], caHashes: [], ...options });
const log = (): string => readFileSync(join(host.folder, 'log'), 'utf8');

test('files of kubeadm, the kubelet, etcd and CNI go; others stay; the second time there is nothing to do', async () => {
  const go = [
    'etc/kubernetes/admin.conf',
    'etc/kubernetes/kubelet.conf',
    'etc/kubernetes/manifests/etcd.yaml',
    'etc/kubernetes/pki/etcd/ca.key',
    'etc/kubernetes/tmp/x/y',
    'var/lib/kubelet/config.yaml',
    'var/lib/kubelet/.hidden',
    'var/lib/etcd/member/wal/0.wal',
    'etc/cni/net.d/10 flannel.conflist',
    'var/lib/cni/networks/cbr0/10.244.0.2',
    'run/flannel/subnet.env',
  ];
  const stay = [
    'etc/kubernetes/audit-policy.yaml',
    'etc/systemd/system/kubelet.service.d/20-mine.conf',
    'etc/cni/readme',
    'var/lib/quorate/snapshots/a.db',
    'var/lib/etcd/lost+found/x',
  ];
  for (const file of [...go, ...stay]) put(file);
  const removed = await clean();
  expect(go.filter((file) => existsSync(path(file)))).toEqual([]);
  expect(stay.filter((file) => !existsSync(path(file)))).toEqual([]);
  expect(readdirSync(path('etc/kubernetes'))).toEqual(['audit-policy.yaml', 'manifests']);
  expect(removed).toEqual([
    '/etc/kubernetes/admin.conf',
    '/etc/kubernetes/kubelet.conf',
    '/etc/kubernetes/manifests/*',
    '/etc/kubernetes/pki',
    '/etc/kubernetes/tmp',
    '/var/lib/kubelet/*',
    '/var/lib/etcd/*',
    '/etc/cni/net.d/*',
    '/var/lib/cni/*',
    '/run/flannel',
  ]);
  expect(await clean()).toEqual([]);
});

test('a host that never had anything of Kubernetes', async () => {
  expect(await clean()).toEqual([]);
});

test('kubelet.service is stopped, and so is a kubelet that runs under another unit', async () => {
  put(
    'proc/811/cgroup',
    '4:memory:/system.slice/old-kubelet.service\n1:name=systemd:/system.slice/old-kubelet.service\n',
  );
  host.program('systemctl', 'echo "$*" >> "$FOLDER/log"');
  host.program('ss', `echo 'LISTEN 0 4096 *:10250 *:* users:(("kubelet",pid=811,fd=12))'`);
  expect(await clean()).toEqual(['running kubelet.service', 'running old-kubelet.service, a kubelet']);
  expect(log()).toBe('is-active --quiet kubelet.service\nstop kubelet.service\nstop old-kubelet.service\n');
});

test('another program on the port of the kubelet is left alone', async () => {
  put('proc/811/cgroup', '0::/system.slice/shop.service\n');
  host.program('systemctl', 'echo "$*" >> "$FOLDER/log"; [ "$1" != is-active ]');
  host.program('ss', `echo 'LISTEN 0 4096 *:10250 *:* users:(("shop",pid=811,fd=12))'`);
  expect(await clean()).toEqual([]);
  expect(log()).toBe('is-active --quiet kubelet.service\n');
});

test('mounts go innermost first, lazily only when asked', async () => {
  put(
    'proc/mounts',
    'tmpfs /var/lib/kubelet/pods/a\\040b tmpfs rw 0 0\ntmpfs /var/lib/kubelet/pods/a\\040b/c tmpfs rw 0 0\ntmpfs /var/lib/kubeletx tmpfs rw 0 0\n',
  );
  host.program('umount', 'echo "$*" >> "$FOLDER/log"; case "$*" in -l*|*/c) exit 0 ;; *) exit 1 ;; esac');
  expect(await clean()).toEqual(['mount /var/lib/kubelet/pods/a b/c']);
  expect(log()).toBe('/var/lib/kubelet/pods/a b/c\n/var/lib/kubelet/pods/a b\n');
  expect(await clean({ lazyUnmount: true })).toHaveLength(2);
});

test('Pods go by crictl', async () => {
  host.program('crictl', 'echo "$*" >> "$FOLDER/log"; case "$*" in *pods*) echo a; echo b ;; esac');
  expect(await clean()).toEqual(['2 Pods']);
  expect(log()).toContain('rmp -fa');
});

test('processes of Pods are killed, and no others; then what containerd remembers of them goes', async () => {
  const pod = spawn('sleep', ['60']);
  const cgroup = `proc/${pod.pid}/cgroup`;
  put(cgroup, '1:name=systemd:/kubepods/burstable/pod1/c\n');
  put('proc/1/cgroup', '1:name=systemd:/init.scope\n');
  const ended = new Promise((resolve) =>
    pod.on('exit', (_, signal) => {
      rmSync(path(cgroup));
      resolve(signal);
    }),
  );
  host.program('ctr', 'case "$*" in *\'containers ls\'*) echo c1; echo c2 ;; *) echo "$*" >> "$FOLDER/log" ;; esac');
  expect(await clean()).toEqual(['1 processes of Pods', '2 containers']);
  expect(await ended).toBe('SIGKILL');
  expect(log()).toContain('-n k8s.io containers rm c2');
});

test('links of CNI plugins and the veth on their bridge go, others stay', async () => {
  const links = [
    'cni0',
    'flannel.1',
    'kube-ipvs0',
    'nodelocaldns',
    'veth1',
    'veth2',
    'eth0',
    'docker0',
    'lo',
    'lxcbr0',
  ];
  for (const link of links) put(`sys/class/net/${link}/mtu`);
  symlinkSync('../cni0', path('sys/class/net/veth1/master'));
  symlinkSync('../docker0', path('sys/class/net/veth2/master'));
  host.program('ip', 'rm -r "sys/class/net/$3"');
  host.program('ipvsadm', 'echo "$*" >> "$FOLDER/log"');
  expect(await clean()).toEqual([
    'link veth1',
    'link nodelocaldns',
    'link kube-ipvs0',
    'link flannel.1',
    'link cni0',
    'IPVS services',
  ]);
  expect(readdirSync(path('sys/class/net')).toSorted()).toEqual(['docker0', 'eth0', 'lo', 'lxcbr0', 'veth2']);
});

describe('kubeconfigs of logins', () => {
  const certificate = (name: string): string =>
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        '/dev/null',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
  const ours = certificate('ours');
  const other = certificate('other');
  const kubeconfig = (...clusters: [server: string, ca: string][]): string =>
    `apiVersion: v1\nclusters:\n${clusters.map(([server, ca]) => `- cluster:\n    certificate-authority-data: ${Buffer.from(ca).toString('base64')}\n    server: ${server}\n  name: x\n`).join('')}`;
  const file = 'root/.kube/config';
  const options = { servers: ['https://old:6443'], caHashes: [caHashOfPem(ours) ?? ''] };

  test.each([
    ['names the server of the node', kubeconfig(['https://old:6443', other]), true],
    ['trusts its CA', kubeconfig(['https://vip:6443', ours]), true],
    ['names it in quotes', kubeconfig(['"https://old:6443"', other]), true],
    ['names another cluster', kubeconfig(['https://prod:6443', other]), false],
    ['names another one as well', kubeconfig(['https://old:6443', ours], ['https://prod:6443', other]), false],
    ['names a server that only begins like it', kubeconfig(['https://old:64430', other]), false],
    ['names nothing', 'apiVersion: v1\n', false],
  ])('one that %s', async (_, content, goes) => {
    put(file, content);
    expect(await clean(options)).toEqual(goes ? [`/${file}`] : []);
    expect(existsSync(path(file))).toBe(!goes);
  });

  test('every login is looked at', async () => {
    put(
      'etc/passwd',
      'root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/srv/ops:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n',
    );
    for (const home of ['root', 'srv/ops', 'home/dev'])
      put(`${home}/.kube/config`, kubeconfig(['https://old:6443', ours]));
    expect(await clean(options)).toEqual(['/home/dev/.kube/config', '/root/.kube/config', '/srv/ops/.kube/config']);
  });
});

const inNamespace = (command: string) => spawnSync('unshare', ['--net', 'sh', '-c', command], { encoding: 'utf8' });
const canFilter = inNamespace('nft list ruleset && iptables-nft -S').status === 0;

// The kernel's own packet filter, in a network namespace of its own.
describe.skipIf(!canFilter)('packet filters', () => {
  const rules = `
iptables-nft -t nat -N KUBE-SERVICES
iptables-nft -t nat -N KUBE-SVC-X
iptables-nft -t nat -A KUBE-SERVICES -d 10.96.0.1 -j KUBE-SVC-X
iptables-nft -t nat -A PREROUTING -m comment --comment 'kubernetes service portals' -j KUBE-SERVICES
iptables-nft -t nat -N CNI-0123456789abcdef
iptables-nft -t nat -A POSTROUTING -s 10.244.0.5 -j CNI-0123456789abcdef
iptables-nft -t nat -A POSTROUTING -s 192.168.0.0/16 -j MASQUERADE
iptables-nft -A INPUT -p tcp --dport 22 -j ACCEPT
nft add table ip kube-proxy
nft add chain ip kube-proxy services
nft add table inet mine
nft add chain inet mine KEEP
`;
  /** What the script says, and what is left in the kernel. */
  const cleanInNamespace = async (edit: (script: string) => string): Promise<[said: string, left: string]> => {
    const file = join(host.folder, 'script');
    const recorder = fakeHost('cp1', [[() => true, '']]);
    await deepClean(recorder, guard, { servers: [], caHashes: [] });
    const script = inFolder(recorder.runs[0]?.script ?? '', host.folder);
    writeFileSync(file, edit(script));
    rmSync(join(host.folder, 'bin/nft'));
    const { stdout } = inNamespace(
      `${rules}\nPATH=${host.folder}/bin:$PATH sh ${file}\necho ==; iptables-nft-save; nft list ruleset`,
    );
    const [said = '', left = ''] = stdout.split('==');
    return [said, left];
  };

  test.each(['nft', 'iptables'])("%s takes out what is kube-proxy's and CNI's, and nothing else", async (tool) => {
    // A host without nft: its iptables speaks to the same tables of the kernel.
    host.program('iptables-save', 'exec iptables-nft-save');
    host.program('iptables-restore', 'exec iptables-nft-restore "$@"');
    host.program('ip6tables-save', 'exec ip6tables-nft-save');
    const [said, left] = await cleanInNamespace((script) =>
      tool === 'nft' ? script : script.replace('if has nft; then', 'if false; then'),
    );
    expect(said).toMatch(
      tool === 'nft'
        ? /^removed nftables: \d+ tables, chains and rules$/m
        : /^removed iptables: \d+ chains and rules$/m,
    );
    expect(said).not.toContain('failed');
    expect(left).not.toMatch(/KUBE-|CNI-/);
    expect(left.includes('kube-proxy')).toBe(tool === 'iptables');
    expect(left).toContain('-A POSTROUTING -s 192.168.0.0/16 -j MASQUERADE');
    expect(left).toContain('--dport 22 -j ACCEPT');
    expect(left).toContain('chain KEEP');
  });
});
