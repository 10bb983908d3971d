import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityFunction, ownMarkerStart } from '../../../../adapters/host/identity-script.js';
import type { Guard } from '../../../../adapters/host/identity-script.js';
import { deepClean } from '../../../../adapters/kubeadm/deep-clean/deep-clean.js';
import { putAside } from '../../../../adapters/kubeadm/deep-clean/put-aside.js';
import { readHostScript } from '../../../../adapters/host/read-host-script.js';
import { packetFilterFunctions } from '../../../../adapters/host/traces/packet-filter.js';
import { caHashOfPem } from '../../../../adapters/host/ca-hash.js';
import { nothingKept } from '../../../../model/reset/keep.js';
import type { Keep } from '../../../../model/reset/keep.js';
import { fakeHost } from '../../../support/fake-host.js';
import { needs, part } from '../../../support/needs.js';
import { shellHost, workingIn } from '../../../support/shell-host.js';
import type { ShellHost } from '../../../support/shell-host.js';

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

const inFolder = (script: string, folder: string): string => workingIn(script, `${folder}/root-of-host`);
const path = (file: string): string => join(host.folder, 'root-of-host', file);
const put = (file: string, content = ''): void => {
  mkdirSync(dirname(path(file)), { recursive: true });
  writeFileSync(path(file), content);
};
const guard: Guard = { identity: [], own: { operation: 'prod/join-worker/w1/1', run: 'run-1' } };
const identity = async (): Promise<string[]> =>
  (await host.run(`cd / || exit 1\n${identityFunction}\nwhose`)).stdout.split('\n').filter((line) => line !== '');
/** Of the host that was checked, unless the test says what was seen of it. */
const clean = async (
  options: Partial<Parameters<typeof deepClean>[2]> = {},
  failures: string[] = [],
  seen: Partial<Guard> = {},
) =>
  deepClean(
    host,
    { ...guard, identity: await identity(), ...seen },
    { servers: [], caHashes: [], ...options },
    (what) => failures.push(what),
  );
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
    '/etc/kubernetes/pki/*',
    '/etc/kubernetes/tmp/*',
    '/var/lib/kubelet/*',
    '/var/lib/etcd/*',
    '/etc/cni/net.d/*',
    '/var/lib/cni/*',
    '/run/flannel/*',
  ]);
  expect(existsSync(path('run/flannel'))).toBe(false);
  expect(await clean()).toEqual([]);
});

describe('R3: on a host that is no longer what was checked', () => {
  const something = (): void => {
    put('etc/machine-id', `${'c3'.repeat(16)}\n`);
    put('etc/kubernetes/pki/ca.crt', 'a CA');
    put('var/lib/etcd/member/wal/0.wal');
    put('var/lib/kubelet/config.yaml');
    host.program('systemctl', 'echo "$*" >> "$FOLDER/log"');
    host.program('crictl', 'echo "$*" >> "$FOLDER/log"');
  };
  test.each([
    ['another machine', 'etc/machine-id', `${'aa'.repeat(16)}\n`, '/etc/machine-id'],
    ['another node', 'etc/kubernetes/kubelet.conf', 'x', '/etc/kubernetes/kubelet.conf'],
    ['another operation’s mark', 'var/lib/quorate/marker.json', '{"operation":"x"}\n', '/var/lib/quorate/marker.json'],
  ])('nothing is stopped, nothing is removed: %s', async (_, file, content, says) => {
    something();
    const seen = await identity();
    put(file, content);
    await expect(clean({}, [], { identity: seen })).rejects.toMatchObject({
      type: 'ChangedSinceCheck',
      message: expect.stringMatching(new RegExp(`: ${says} .*; the cleaning was not begun$`)) as string,
    });
    expect(existsSync(join(host.folder, 'log'))).toBe(false);
    for (const there of ['etc/kubernetes/pki/ca.crt', 'var/lib/etcd/member/wal/0.wal', 'var/lib/kubelet/config.yaml'])
      expect(existsSync(path(there))).toBe(true);
  });
  test('what has gone meanwhile, as by kubeadm reset, and the own mark are no difference', async () => {
    something();
    const seen = await identity();
    rmSync(path('etc/kubernetes/pki'), { recursive: true });
    put('var/lib/quorate/marker.json', `${ownMarkerStart(guard.own)},"cluster":"prod","at":"","state":"resetting"}\n`);
    expect(await clean({}, [], { identity: seen })).toContain('/var/lib/etcd/*');
  });
});

test('a host that never had anything of Kubernetes', async () => {
  expect(await clean()).toEqual([]);
});

test('kubelet.service is stopped; a kubelet that a service of its own starts is somebody else’s', async () => {
  put(
    'proc/811/cgroup',
    '4:memory:/system.slice/old-kubelet.service\n1:name=systemd:/system.slice/old-kubelet.service\n',
  );
  host.program('systemctl', 'echo "$*" >> "$FOLDER/log"');
  host.program('ss', `echo 'LISTEN 0 4096 *:10250 *:* users:(("kubelet",pid=811,fd=12))'`);
  expect(await clean()).toEqual(['running kubelet.service']);
  expect(log()).toBe('is-active --quiet kubelet.service\nstop kubelet.service\n');
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
  put('var/lib/kubelet/pods/a b/c/x');
  host.program('umount', 'echo "$*" >> "$FOLDER/log"; case "$*" in -l*|*/c) exit 0 ;; *) exit 1 ;; esac');
  expect((await clean())[0]).toEqual('mount /var/lib/kubelet/pods/a b/c');
  expect(log()).toBe('/var/lib/kubelet/pods/a b/c\n/var/lib/kubelet/pods/a b\n');
  expect((await clean({ lazyUnmount: true })).filter((one) => one.startsWith('mount '))).toHaveLength(2);
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
  host.program(
    'ip',
    `case "$*" in
'-o addr show dev kube-ipvs0') echo '7: kube-ipvs0    inet 10.96.0.1/32 scope global kube-ipvs0'; echo '7: kube-ipvs0    inet6 fd00::1/128 scope global' ;;
*) rm -r "sys/class/net/$3" ;;
esac`,
  );
  host.program(
    'ipvsadm',
    `if [ "$*" = -Sn ]; then
  printf '%s\\n' '-A -t 10.96.0.1:443 -s rr' '-a -t 10.96.0.1:443 -r 10.0.0.5:6443 -m -w 1' '-A -u [fd00::1]:53 -s rr' '-A -t 192.0.2.7:443 -s wlc' '-A -f 3 -s rr'
else echo "$*" >> "$FOLDER/log"; fi`,
  );
  expect(await clean()).toEqual([
    'link veth1',
    'link nodelocaldns',
    'link kube-ipvs0',
    '2 IPVS services',
    'link flannel.1',
    'link cni0',
  ]);
  expect(readdirSync(path('sys/class/net')).toSorted()).toEqual(['docker0', 'eth0', 'lo', 'lxcbr0', 'veth2']);
  // A virtual server of somebody else's stays.
  expect(log()).toBe('-D -t 10.96.0.1:443\n-D -u [fd00::1]:53\n');
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
    expect(await clean(options)).toEqual(['/root/.kube/config', '/srv/ops/.kube/config', '/home/dev/.kube/config']);
  });
});

describe('R13: what was there before stays', () => {
  const keep = (part: Partial<Keep>): Keep => ({ ...nothingKept, ...part });

  test('files of CNI and kubeconfigs of logins; the same in the same folder that came since goes', async () => {
    const stay = [
      'etc/cni/net.d/10-mine.conflist',
      'etc/cni/net.d/[x] *.conf',
      'etc/cni/net.d/a/b/c.conf',
      'var/lib/cni/networks/mine/10.88.0.2',
      'root/.kube/config',
    ];
    const go = [
      'etc/cni/net.d/10-flannel.conflist',
      'etc/cni/net.d/[x] y.conf',
      'etc/cni/net.d/x y.conf',
      'etc/cni/net.d/a/b/d.conf',
      'etc/cni/net.d/a/e/f.conf',
      'var/lib/cni/networks/cbr0/10.244.0.2',
      'home/ops/.kube/config',
    ];
    const config = 'clusters:\n- cluster:\n    server: https://new:6443\n';
    for (const file of [...stay, ...go]) put(file, config);
    const files = Object.fromEntries(stay.map((file) => [`/${file}`, '1 2']));
    const removed = await clean({ servers: ['https://new:6443'], keep: keep({ files }) });
    expect([...stay, ...go].filter((file) => existsSync(path(file)))).toEqual(stay);
    expect(existsSync(path('etc/cni/net.d/a/e'))).toBe(false);
    expect(removed).toEqual(['/etc/cni/net.d/*', '/var/lib/cni/*', '/home/ops/.kube/config']);
    expect(await clean({ servers: ['https://new:6443'], keep: keep({ files }) })).toEqual([]);
  });

  test('a folder of CNI as a whole, where a reading did not list all of it', async () => {
    put('etc/cni/net.d/a.conf');
    put('var/lib/cni/b');
    expect(await clean({ keep: keep({ files: { '/etc/cni/net.d/': '' } }) })).toEqual(['/var/lib/cni/*']);
    expect(existsSync(path('etc/cni/net.d/a.conf'))).toBe(true);
  });

  test('what kubeadm deletes as well: it is put aside before, and back when all is done', async () => {
    const files = [
      'etc/kubernetes/manifests/kube-vip.yaml',
      'var/lib/kubelet/config.json',
      'var/lib/kubelet/seccomp/a b',
    ];
    for (const file of files) put(file, file);
    chmodSync(path(files[1] ?? ''), 0o600);
    const aside = keep({ aside: [...files.map((file) => `/${file}`), '/var/lib/kubelet/none'] });
    const kubeadmReset = (): void => {
      for (const folder of ['etc/kubernetes/manifests', 'var/lib/kubelet']) {
        rmSync(path(folder), { recursive: true, force: true });
        mkdirSync(path(folder));
      }
    };
    await putAside(host, aside);
    kubeadmReset();
    // Its worker died; the next attempt begins again.
    await putAside(host, aside);
    kubeadmReset();
    put('etc/kubernetes/manifests/etcd.yaml');
    put('var/lib/kubelet/config.yaml');
    expect(await clean({ keep: aside })).toEqual(['/etc/kubernetes/manifests/*', '/var/lib/kubelet/*']);
    expect(files.map((file) => readFileSync(path(file), 'utf8'))).toEqual(files);
    expect(statSync(path(files[1] ?? '')).mode & 0o777).toBe(0o600);
    expect(existsSync(path('var/lib/kubelet/config.yaml'))).toBe(false);
    expect(readdirSync(path('var/lib/quorate'))).toEqual([]);
    expect(await clean({ keep: aside })).toEqual([]);
    expect(files.map((file) => readFileSync(path(file), 'utf8'))).toEqual(files);
  });

  test('a copy that another operation left is from another time: it is not put back', async () => {
    put('var/lib/quorate/aside/etc/kubernetes/manifests/kube-vip.yaml', 'old');
    await clean();
    await clean({ keep: keep({ aside: ['/var/lib/kubelet/config.json'] }) });
    expect(existsSync(path('etc/kubernetes/manifests/kube-vip.yaml'))).toBe(false);
    expect(existsSync(path('var/lib/quorate/aside/etc/kubernetes/manifests/kube-vip.yaml'))).toBe(true);
  });

  test('nothing is reset where a file cannot be put aside; one that cannot be put back is told, its copy stays', async () => {
    put('var/lib/kubelet/config.json', 'mine');
    const aside = keep({ aside: ['/var/lib/kubelet/config.json'] });
    put('var/lib/quorate/aside', 'a file in the way');
    await expect(putAside(host, aside)).rejects.toMatchObject({ type: 'CommandFailed' });
    rmSync(path('var/lib/quorate/aside'));
    await putAside(host, aside);
    rmSync(path('var/lib/kubelet'), { recursive: true });
    put('var/lib/kubelet', 'a file in the way');
    const failures: string[] = [];
    await clean({ keep: aside }, failures);
    expect(failures).toEqual([
      '/var/lib/kubelet/config.json could not be put back: a copy is /var/lib/quorate/aside/var/lib/kubelet/config.json',
    ]);
    expect(readFileSync(path('var/lib/quorate/aside/var/lib/kubelet/config.json'), 'utf8')).toBe('mine');
  });

  test('network links, and what hangs on a bridge that stays', async () => {
    for (const link of ['cni0', 'flannel.1', 'veth1', 'eth0']) put(`sys/class/net/${link}/mtu`);
    symlinkSync('../cni0', path('sys/class/net/veth1/master'));
    host.program('ip', 'rm -r "sys/class/net/$3"');
    expect(await clean({ keep: keep({ links: ['cni0'] }) })).toEqual(['link flannel.1']);
    expect(readdirSync(path('sys/class/net'))).toEqual(['cni0', 'eth0', 'veth1']);
  });
});

describe('R17: a folder of a node that is a symbolic link', () => {
  /** `FOLDER -> data/disk/NAME`, with a file in it. */
  const onDisk = (folder: string, file: string): string => {
    const target = `data/disk/${folder.replaceAll('/', '-')}`;
    put(`${target}/${file}`);
    mkdirSync(dirname(path(folder)), { recursive: true });
    symlinkSync(path(target), path(folder));
    return target;
  };

  test.each([
    ['var/lib/etcd', 'member/wal/0.wal'],
    ['var/lib/kubelet', 'config.yaml'],
    ['etc/cni/net.d', '10-flannel.conflist'],
    ['etc/kubernetes/manifests', 'etcd.yaml'],
    ['etc/kubernetes/pki', 'etcd/ca.key'],
    ['etc/kubernetes', 'pki/ca.key'],
  ])('%s is emptied where it leads to, and stays a link', async (folder, file) => {
    const target = onDisk(folder, file);
    put(`${target}/lost+found/x`);
    put('data/disk/mine');
    const at = folder === 'etc/kubernetes' ? 'etc/kubernetes/pki' : folder;
    expect(await clean()).toEqual([`/${at}/*`]);
    expect(existsSync(path(`${target}/${file}`))).toBe(false);
    expect(existsSync(path(`${target}/lost+found/x`))).toBe(true);
    expect(existsSync(path('data/disk/mine'))).toBe(true);
    expect(lstatSync(path(folder)).isSymbolicLink()).toBe(true);
    expect(await clean()).toEqual([]);
  });

  test('mounts below it are those of the place it leads to', async () => {
    const target = onDisk('var/lib/kubelet', 'pods/a/volume/x');
    put('proc/mounts', `tmpfs /${target}/pods/a/volume tmpfs rw 0 0\ntmpfs /data/disk/mine tmpfs rw 0 0\n`);
    host.program('umount', 'echo "$*" >> "$FOLDER/log"; : > proc/mounts');
    expect(await clean()).toEqual([`mount /${target}/pods/a/volume`, '/var/lib/kubelet/*']);
    expect(log()).toBe(`/${target}/pods/a/volume\n`);
  });

  test.each(['/nowhere/etcd', '/etc/hostname'])('one that leads to %s, where no folder is, is told', async (target) => {
    put('etc/hostname');
    mkdirSync(path('var/lib'), { recursive: true });
    symlinkSync(target.startsWith('/etc') ? path('etc/hostname') : target, path('var/lib/etcd'));
    const failures: string[] = [];
    expect(await clean({}, failures)).toEqual([]);
    expect(failures).toEqual([
      expect.stringMatching(/^\/var\/lib\/etcd is a link to .*, where there is no folder of its own$/),
    ]);
    expect(existsSync(path('etc/hostname'))).toBe(true);
  });

  test.each(['', 'etc', 'var', 'var/lib', 'home'])('one that leads to /%s is told and left alone', async (target) => {
    put('var/lib/dpkg/status');
    put('home/ops/x');
    put('etc/passwd');
    symlinkSync(path(target), path('var/lib/etcd'));
    const failures: string[] = [];
    expect(await clean({}, failures)).toEqual([]);
    expect(failures).toEqual([
      expect.stringMatching(/^\/var\/lib\/etcd is a link to .*, where there is no folder of its own$/),
    ]);
    expect(existsSync(path('var/lib/dpkg/status'))).toBe(true);
  });

  test('what lies below one that leads to a shared place is left alone, too', async () => {
    put('etc/pki/tls/key.pem');
    put('var/mine/x');
    symlinkSync(path('etc'), path('etc/kubernetes'));
    mkdirSync(path('var/lib'), { recursive: true });
    symlinkSync(path('var'), path('var/lib/kubelet'));
    put('proc/mounts', 'tmpfs /var/mine tmpfs rw 0 0\n');
    host.program('umount', 'echo "$*" >> "$FOLDER/log"');
    const failures: string[] = [];
    expect(await clean({}, failures)).toEqual([]);
    expect(failures).toHaveLength(2);
    expect(existsSync(path('etc/pki/tls/key.pem'))).toBe(true);
    expect(existsSync(join(host.folder, 'log'))).toBe(false);
  });

  test('what is mounted below a folder is left with all in it, and told', async () => {
    put('var/lib/etcd/member/snap/db');
    put('var/lib/etcd/wal disk/1/0.wal');
    put('proc/mounts', '/dev/sdb /var/lib/etcd ext4 rw 0 0\n/dev/sdc /var/lib/etcd/wal\\040disk/1 ext4 rw 0 0\n');
    const failures: string[] = [];
    expect(await clean({}, failures)).toEqual(['/var/lib/etcd/*']);
    expect(existsSync(path('var/lib/etcd/wal disk/1/0.wal'))).toBe(true);
    expect(existsSync(path('var/lib/etcd/member'))).toBe(false);
    expect(failures).toEqual(['/var/lib/etcd: what is mounted below it was left: var/lib/etcd/wal disk/1']);
  });
});

const inNamespace = (command: string) => spawnSync('unshare', ['--net', 'sh', '-c', command], { encoding: 'utf8' });
const packetFilter = [
  part('root for a network namespace', process.getuid?.() === 0, 'run the tests as root'),
  part('nft or iptables-nft', inNamespace('nft list ruleset && iptables-nft -S').status === 0),
];

// The kernel's own packet filter, in a network namespace of its own, which ends with the command.
describe('packet filters', needs(...packetFilter), () => {
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
  /** Rules of other people, with our words in them. */
  const foreign = `
iptables-nft -A INPUT -s 192.0.2.1 -m comment --comment 'jump KUBE-SERVICES of the old node' -j ACCEPT
iptables-nft -A INPUT -s 192.0.2.2 -m comment --comment 'was -j KUBE-FIREWALL once' -j ACCEPT
iptables-nft -A INPUT -s 192.0.2.3 -m comment --comment 'x" jump KUBE-SERVICES "y' -j ACCEPT
iptables-nft -A INPUT -s 192.0.2.4 -j LOG --log-prefix 'jump KUBE-SERVICES '
iptables-nft -A INPUT -s 192.0.2.5 -j LOG --log-prefix 'x" jump KUBE-SERVICES'
nft add table inet mine
nft add chain inet mine in '{ type filter hook input priority 0; }'
nft add chain inet mine MYKUBE-CHAIN
nft add rule inet mine in ip saddr 192.0.2.6 accept comment '"goto CNI-0123456789abcdef"'
nft add rule inet mine in ip saddr 192.0.2.7 jump MYKUBE-CHAIN comment '"not jump KUBE-SERVICES"'
nft add rule inet mine in ip saddr 192.0.2.8 log prefix '"jump KUBE-SERVICES"'
`;
  /** What a reading counts, what the script says, what is left in the kernel, and what a reading counts then. */
  const cleanInNamespace = async (
    made: string,
    { tool = 'nft', keep }: { tool?: string; keep?: Keep } = {},
  ): Promise<{ before: number; said: string; left: string; after: number }> => {
    const asTool = (script: string): string =>
      tool === 'nft' ? script : script.replace('if has nft; then', 'if false; then');
    const recorder = fakeHost('cp1', [[() => true, '']]);
    await deepClean(recorder, guard, { servers: [], caHashes: [], ...(keep === undefined ? {} : { keep }) });
    const script = inFolder(recorder.runs[0]?.script ?? '', host.folder);
    writeFileSync(join(host.folder, 'script'), asTool(script));
    const reading = new RegExp('^packet_filter\\(\\) .*$', 'm').exec(readHostScript('/run/cri.sock'))?.[0] ?? '';
    writeFileSync(
      join(host.folder, 'reading'),
      asTool(
        `has() { command -v "$1" >/dev/null 2>&1; }\nsay() { printf '%s %s\\n' "$1" "$2"; }\n${packetFilterFunctions}\n${reading}\npacket_filter`,
      ),
    );
    // A host without nft: its iptables speaks to the same tables of the kernel.
    host.program('iptables-save', 'exec iptables-nft-save');
    host.program('iptables-restore', 'exec iptables-nft-restore "$@"');
    host.program('ip6tables-save', 'exec ip6tables-nft-save');
    rmSync(join(host.folder, 'bin/nft'), { force: true });
    const shIn = (file: string): string => `PATH=${host.folder}/bin:$PATH sh ${host.folder}/${file}`;
    const { stdout } = inNamespace(
      `${made}\n${shIn('reading')}; echo ==; ${shIn('script')}; echo ==; iptables-nft-save; nft list ruleset; echo ==; ${shIn('reading')}`,
    );
    const [before = '', said = '', left = '', after = ''] = stdout.split('==\n');
    const number = (text: string): number => Number(/^rules (\d+)$/m.exec(text)?.[1]);
    return { before: number(before), said, left, after: number(after) };
  };

  test.each(['nft', 'iptables'])("%s takes out what is kube-proxy's and CNI's, and nothing else", async (tool) => {
    const { before, said, left, after } = await cleanInNamespace(rules, { tool });
    expect(said).toMatch(
      tool === 'nft'
        ? new RegExp(`^removed nftables: ${before} tables, chains and rules$`, 'm')
        : new RegExp(`^removed iptables: ${before} chains and rules$`, 'm'),
    );
    expect(said).not.toContain('failed');
    expect([before, after]).toEqual([tool === 'nft' ? 6 : 5, 0]);
    expect(left).not.toMatch(/KUBE-|CNI-/);
    expect(left.includes('kube-proxy')).toBe(tool === 'iptables');
    expect(left).toContain('-A POSTROUTING -s 192.168.0.0/16 -j MASQUERADE');
    expect(left).toContain('--dport 22 -j ACCEPT');
    expect(left).toContain('chain KEEP');
  });

  test.each(['nft', 'iptables'])('R25: %s leaves a rule that has our words in a comment or a prefix', async (tool) => {
    const alone = await cleanInNamespace(foreign, { tool });
    expect(alone).toMatchObject({ before: 0, said: '', after: 0 });
    const { said, left, after } = await cleanInNamespace(rules + foreign, { tool });
    expect(said).not.toContain('failed');
    expect(after).toBe(0);
    expect(left).not.toContain('chain KUBE-SERVICES');
    expect(left.match(/^-A INPUT -s 192\.0\.2\.[1-5]\/32 /gm)).toHaveLength(5);
    expect(left.match(/^\t\tip saddr 192\.0\.2\.[678] /gm)).toHaveLength(3);
  });

  test('R13: where rules were there before, none is taken out', async () => {
    const { said, left } = await cleanInNamespace(rules, { keep: { ...nothingKept, packetFilterRules: 3 } });
    expect(said).toBe('');
    expect(left).toContain('-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES');
    expect(left).toContain('table ip kube-proxy');
  });
});
