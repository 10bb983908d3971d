import { rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readHost } from '../../../adapters/host/read-host.js';
import { fakeHost } from '../../support/fake-host.js';
import { needs } from '../../support/needs.js';
import { oldCa, prodCa } from './certificates.js';
import { hostFolder } from './host-folder.js';
import type { HostFolder } from './host-folder.js';
import { shells } from './shells.js';

const address = '10.203.0.13';
let host: HostFolder;
const make = (...args: Parameters<typeof hostFolder>): HostFolder => (host = hostFolder(...args));
afterEach(() => host.close());

const kubeconfig = (server: string, pem: string, user = 'kubernetes-admin'): string => `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${Buffer.from(pem).toString('base64')}
    server: ${server}
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: ${user}
  name: ${user}@kubernetes
current-context: ${user}@kubernetes
kind: Config
preferences: {}
users:
- name: ${user}
  user:
    client-certificate-data: TOPSECRETCERT
    client-key-data: TOPSECRETKEY
    token: TOPSECRETTOKEN
`;

it('a command of an operation that runs now is listed, one that has ended is not', async () => {
  make({});
  host.program(
    'systemctl',
    `case "$*" in list-units*) cat <<'X'
quorate-join-0f3c5a7b9d1e.service  loaded active running /usr/bin/kubeadm join
quorate-join-1a1a1a1a1a1a.service  loaded active exited  /usr/bin/kubeadm join
quorate-reset-2b2b2b2b2b2b.service loaded failed failed  /usr/bin/kubeadm reset
X
;; *FragmentPath*) echo "FragmentPath=/run/systemd/transient/$4" ;; esac`,
  );
  expect((await readHost(host, { address })).runningUnits).toEqual(['quorate-join-0f3c5a7b9d1e.service']);
});

it("R19: a unit that only begins like an operation's is none", async () => {
  const units = [
    'quorate-worker.service',
    'quorate-worker-0123456789ab.service',
    'quorate-join.service',
    'quorate-join-0123456789a.service',
    'quorate-join-0123456789abc.service',
    'quorate-join-0123456789aB.service',
    'quorate-join-0123456789abxservice',
    'quorate-join-0123456789ab.service.service',
  ];
  make({});
  host.program(
    'systemctl',
    `case "$*" in
list-units*) for unit in ${units.join(' ')}; do echo "$unit loaded active running something"; done ;;
*FragmentPath*) echo "FragmentPath=/run/systemd/transient/$4" ;;
esac`,
  );
  expect((await readHost(host, { address })).runningUnits).toBeUndefined();
});

it('R19: a unit with a file of its own is no operation, whatever its name', async () => {
  make({});
  host.program(
    'systemctl',
    `case "$*" in
list-units*) for step in init join reset reset-lazily undo-reset undo-reset-lazily; do
  echo "quorate-$step-0123456789ab.service loaded active running something"; done
  echo 'quorate-join-00000000000a.service loaded activating start something'
  echo 'quorate-join-00000000000b.service loaded active running something' ;;
*00000000000a*) echo 'FragmentPath=/etc/systemd/system/quorate-join-00000000000a.service' ;;
*00000000000b*) echo 'FragmentPath=' ;;
*FragmentPath*) echo "FragmentPath=/run/systemd/transient/$4" ;;
esac`,
  );
  expect((await readHost(host, { address })).runningUnits).toEqual(
    ['init', 'join', 'reset', 'reset-lazily', 'undo-reset', 'undo-reset-lazily'].map(
      (step) => `quorate-${step}-0123456789ab.service`,
    ),
  );
});

it.each(['list-units', 'show -p FragmentPath'])(
  'R19: when `systemctl %s` fails, nothing counts as not running',
  async (verb) => {
    make({});
    host.program(
      'systemctl',
      `case "$*" in
'${verb}'*) echo 'Failed to list units: Connection timed out' >&2; exit 1 ;;
list-units*) echo 'quorate-join-0123456789ab.service loaded active running something' ;;
esac`,
    );
    await expect(readHost(host, { address })).rejects.toMatchObject({
      type: 'CommandFailed',
      message: 'looking for commands of operations on cp3: systemd does not say what runs',
      details: { evidence: ['Failed to list units: Connection timed out'] },
    });
  },
);

for (const { argv: shell, part } of shells)
  describe(`a clean host, read by ${shell[0]}`, needs(part), () => {
    it('gives all facts', async () => {
      make({ shell });
      const facts = await readHost(host, { address });
      expect(facts).toEqual({
        hostname: 'cp3',
        machineId: '3d1219c7c4c5404aaa1f6d2a48adfda4',
        bootId: '11111111-2222-3333-4444-555555555555',
        os: 'Debian GNU/Linux 12 (bookworm)',
        kernel: '6.1.0-18-amd64',
        architecture: 'x86_64',
        cpus: 4,
        memoryMiB: 3933,
        cgroupVersion: 2,
        swapOn: false,
        addresses: ['10.203.0.13', 'fd00::13'],
        mtu: 1450,
        diskFreeMiB: {
          '/var/lib/kubelet': expect.any(Number),
          '/var/lib/etcd': expect.any(Number),
          '/var/lib/containerd': expect.any(Number),
          '/etc': expect.any(Number),
        },
        clockOffsetMs: expect.any(Number),
        versions: { kubeadm: 'v1.37.1', kubelet: 'v1.37.1', kubectl: 'v1.37.1', containerd: '1.7.24' },
        runtimeReady: true,
        sysctls: { 'net.ipv4.ip_forward': '1' },
        kubelet: { enabled: 'enabled', active: 'inactive' },
        containerd: { enabled: 'enabled', active: 'active' },
        listeners: [],
        kubernetesFiles: [],
        kubeconfigs: [],
        etcdDataPresent: false,
        kubeletStatePresent: false,
        cniFiles: [],
        cniLinks: [],
        packetFilterRules: 0,
        homeKubeconfigs: [],
        kubeletMounts: [],
        identity: ['/etc/machine-id 3d1219c7c4c5404aaa1f6d2a48adfda4'],
        foreignServerAnswers: {},
      });
      expect(facts.diskFreeMiB['/etc']).toBeGreaterThan(0);
      // busybox's date knows seconds only
      expect(Math.abs(facts.clockOffsetMs)).toBeLessThan(900);
    });

    it('shows the kubeconfig that kube-vip mounts', async () => {
      make({ shell });
      const file = '/etc/kubernetes/manifests/kube-vip.yaml';
      host.files({
        '/etc/kubernetes/manifests/other.yaml':
          'image: elsewhere/other:v1\n- hostPath:\n    path: /etc/kubernetes/other.conf\n',
        [file]:
          'image: ghcr.io/kube-vip/kube-vip:v1.0.1\nvolumeMounts:\n- mountPath: /etc/kubernetes/admin.conf\nvolumes:\n- hostPath:\n    path: /etc/kubernetes/super-admin.conf\n',
      });
      const facts = await readHost(host, { address });
      expect(facts.kubeVip).toEqual({ file, kubeconfig: '/etc/kubernetes/super-admin.conf' });
    });

    it('shows leftovers, and whose they are', async () => {
      make({ shell });
      host.files({
        '/proc/sys/net/bridge/bridge-nf-call-iptables': '0\n',
        '/proc/swaps': 'Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n',
        '/proc/mounts':
          'disk /var/lib/kubelet ext4 rw 0 0\ntmpfs /var/lib/kubelet/pods/a\\040b/volumes/x tmpfs rw 0 0\nx /var/lib/kubelet2/y ext4 rw 0 0\n',
        '/proc/811/cgroup': '1:name=systemd:/system.slice/kubelet.service\n2:cpu:/other.service\n',
        '/proc/912/cgroup': '0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0123.scope\n',
        '/etc/kubernetes/admin.conf': kubeconfig('https://10.203.0.10:6443', prodCa.pem),
        '/etc/kubernetes/kubelet.conf': kubeconfig('https://10.9.0.5:6443', oldCa.pem, 'default-auth'),
        '/etc/kubernetes/pki/ca.crt': prodCa.pem,
        '/etc/kubernetes/pki/ca.key': 'TOPSECRETCAKEY\n',
        '/etc/cni/net.d/10-flannel.conflist': '{}',
        '/var/lib/cni/networks/cbr0/10.244.0.2': 'x',
        '/var/lib/etcd/member/wal/0.wal': '',
        '/var/lib/kubelet/config.yaml': '',
        '/home/ops/.kube/config': kubeconfig('https://10.203.0.10:6443', prodCa.pem),
        '/root/.kube/config': 'not: [a kubeconfig',
        '/sys/class/net/cni0/mtu': '1450',
        '/sys/class/net/flannel.1/mtu': '1400',
        '/sys/class/net/veth1a2b3c/mtu': '1450',
        '/sys/class/net/docker0/mtu': '1500',
        '/var/lib/quorate/marker.json':
          '{"operation":"prod/join-control-plane/cp3/1","cluster":"prod","caHash":"sha256:00","at":"2026-01-01T00:00:00Z"}\n',
      });
      host.program(
        'ss',
        `cat <<'X'
LISTEN 0 4096 *:10250 *:* users:(("kubelet",pid=811,fd=12))
LISTEN 0 4096 127.0.0.1:2379 0.0.0.0:* users:(("etcd",pid=912,fd=8))
LISTEN 0 4096 10.203.0.13%eth0:2379 0.0.0.0:* users:(("etcd",pid=912,fd=9))
LISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=1,fd=3))
LISTEN 0 16 0.0.0.0:6443 0.0.0.0:*
X`,
      );
      host.program(
        'nft',
        `[ "$*" != '-a list ruleset' ] || printf 'table ip nat { # handle 1\\n\\tchain PREROUTING { # handle 1\\n\\t\\ttype nat hook prerouting priority dstnat; policy accept;\\n\\t\\tcounter packets 1 bytes 60 jump KUBE-SERVICES # handle 5\\n\\t\\ttcp dport 80 accept # handle 6\\n\\t}\\n\\n\\tchain KUBE-SERVICES { # handle 2\\n\\t\\tcounter packets 0 bytes 0 # handle 7\\n\\t}\\n\\tchain KUBE-KUBELET-CANARY { # handle 3\\n\\t}\\n}\\ntable ip kube-proxy { # handle 2\\n\\tmap service-ips { # handle 1\\n\\t\\ttype ipv4_addr\\n\\t}\\n\\n\\tchain services { # handle 2\\n\\t\\tip daddr 10.96.0.1 accept # handle 3\\n\\t}\\n}\\n'`,
      );
      host.program(
        'iptables-legacy-save',
        `printf '*filter\\n:KUBE-FIREWALL - [0:0]\\n-A INPUT -j KUBE-FIREWALL\\n-A INPUT -i lo -j ACCEPT\\n-A CNI-FORWARD -j ACCEPT\\nCOMMIT\\n'`,
      );
      const facts = await readHost(host, { address });
      expect(facts).toMatchObject({
        swapOn: true,
        sysctls: { 'net.ipv4.ip_forward': '1', 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [
          { port: 2379, process: 'etcd', pid: 912, unit: 'cri-containerd-0123.scope' },
          { port: 6443, process: 'unknown', pid: 0 },
          { port: 10250, process: 'kubelet', pid: 811, unit: 'kubelet.service' },
        ],
        kubeconfigs: [
          { file: '/etc/kubernetes/admin.conf', server: 'https://10.203.0.10:6443', caHash: prodCa.hash },
          { file: '/etc/kubernetes/kubelet.conf', server: 'https://10.9.0.5:6443', caHash: oldCa.hash },
        ],
        pkiCaHash: prodCa.hash,
        etcdDataPresent: true,
        kubeletStatePresent: true,
        cniFiles: ['/etc/cni/net.d/10-flannel.conflist', '/var/lib/cni/networks/cbr0/10.244.0.2'],
        packetFilterRules: 6,
        kubeletMounts: ['/var/lib/kubelet/pods/a b/volumes/x'],
        marker: { operation: 'prod/join-control-plane/cp3/1', cluster: 'prod', caHash: 'sha256:00' },
        foreignServerAnswers: { 'https://10.203.0.10:6443': false, 'https://10.9.0.5:6443': false },
      });
      expect(facts.kubernetesFiles.toSorted()).toEqual([
        '/etc/kubernetes/admin.conf',
        '/etc/kubernetes/kubelet.conf',
        '/etc/kubernetes/pki/ca.crt',
        '/etc/kubernetes/pki/ca.key',
      ]);
      expect(facts.cniLinks.toSorted()).toEqual(['cni0', 'flannel.1']);
      expect(facts.homeKubeconfigs).toHaveLength(2);
      expect(facts.homeKubeconfigs).toContainEqual({ file: '/root/.kube/config' });
      expect(facts.homeKubeconfigs).toContainEqual({
        file: '/home/ops/.kube/config',
        server: 'https://10.203.0.10:6443',
        caHash: prodCa.hash,
      });
    });

    it('lets no secret off the host', async () => {
      make({ shell });
      let printed = '';
      host.files({
        '/etc/kubernetes/admin.conf': kubeconfig('https://user:TOPSECRETPASSWORD@10.203.0.10:6443', prodCa.pem),
        '/etc/kubernetes/kubelet.conf':
          'clusters:\n- cluster:\n    certificate-authority: pki/both.pem\n    server: https://a:6443\n    proxy-url: http://u:TOPSECRET@p\n  name: x\n',
        '/etc/kubernetes/pki/both.pem': `-----BEGIN EC PRIVATE KEY-----\nTOPSECRET\n-----END EC PRIVATE KEY-----\n${oldCa.pem}-----BEGIN PRIVATE KEY-----\nTOPSECRET\n`,
        '/etc/kubernetes/pki/other.pem': oldCa.pem,
        '/etc/kubernetes/scheduler.conf': `{"users":[{"user":{"token":"TOPSECRET"}}],"clusters":[]}`,
        '/home/ops/.kube/config':
          'clusters:\n- cluster:\n    certificate-authority: /etc/kubernetes/pki/other.pem\n    server: https://b:6443\nusers:\n- name: x\n  user:\n    token: TOPSECRET\n    cluster: TOPSECRET\n',
      });
      const run: typeof host.run = async (script, options) => {
        const outcome = await host.run(script, options);
        printed += outcome.stdout + outcome.stderr;
        return outcome;
      };
      const facts = await readHost({ name: host.name, run }, { address });
      expect(printed).not.toContain('TOPSECRET');
      expect(facts.kubeconfigs).toEqual([
        { file: '/etc/kubernetes/admin.conf', server: 'https://10.203.0.10:6443', caHash: prodCa.hash },
        { file: '/etc/kubernetes/kubelet.conf', server: 'https://a:6443', caHash: oldCa.hash },
        { file: '/etc/kubernetes/scheduler.conf' },
      ]);
      // The file that a login's kubeconfig names could be anything, so root does not open it.
      expect(facts.homeKubeconfigs).toEqual([{ file: '/home/ops/.kube/config', server: 'https://b:6443' }]);
    });

    it('R17: sees a node through the links of its folders', async () => {
      make({ shell });
      const disk = join(host.folder, 'root/data/disk');
      host.files({
        '/data/disk/etcd/member/wal/0.wal': '',
        '/data/disk/kubelet/config.yaml': '',
        '/data/disk/pki/etcd/ca.key': '',
        '/data/disk/net.d/10-x.conflist': '',
        '/etc/kubernetes/x': '',
        '/etc/cni/x': '',
        '/proc/mounts': 'tmpfs /data/disk/kubelet/pods/a\\040b tmpfs rw 0 0\ntmpfs /data/disk/kubelet tmpfs rw 0 0\n',
      });
      rmSync(join(host.folder, 'root/var/lib/kubelet'), { recursive: true });
      for (const [link, name] of [
        ['var/lib/etcd', 'etcd'],
        ['var/lib/kubelet', 'kubelet'],
        ['etc/kubernetes/pki', 'pki'],
        ['etc/cni/net.d', 'net.d'],
      ] as const)
        symlinkSync(join(disk, name), join(host.folder, 'root', link));
      const facts = await readHost(host, { address });
      expect(facts).toMatchObject({
        etcdDataPresent: true,
        kubeletStatePresent: true,
        cniFiles: ['/etc/cni/net.d/10-x.conflist'],
        kubeletMounts: ['/data/disk/kubelet/pods/a b'],
      });
      expect(facts.kubernetesFiles).toContain('/etc/kubernetes/pki/etcd/ca.key');
      expect(facts.brokenLinks).toBeUndefined();
    });

    it('R17: tells a link that leads nowhere, or to a place that others share', async () => {
      make({ shell });
      symlinkSync('/nowhere/etcd data', join(host.folder, 'root/var/lib/etcd'));
      symlinkSync(join(host.folder, 'root/var'), join(host.folder, 'root/var/lib/cni'));
      expect((await readHost(host, { address })).brokenLinks).toEqual([
        `/var/lib/cni -> ${join(host.folder, 'root/var')}`,
        '/var/lib/etcd -> /nowhere/etcd data',
      ]);
    });

    it('R13: tells how many CNI files it does not list, and when one was written', async () => {
      make({ shell });
      const file = (index: number): [string, string] => [`/var/lib/cni/networks/cbr0/10.244.0.${index}`, 'ab'];
      host.files(Object.fromEntries(Array.from({ length: 103 }, (_, index) => file(index))));
      host.files({ '/home/ops/.kube/config': kubeconfig('https://10.203.0.10:6443', prodCa.pem) });
      utimesSync(join(host.folder, 'root/home/ops/.kube/config'), 1000, 1234567890);
      const facts = await readHost(host, { address });
      expect(facts.cniFiles).toHaveLength(100);
      expect(facts.unlistedCniFiles).toBe(3);
      expect(facts.fileVersions?.[facts.cniFiles[0] ?? '']).toMatch(/^2 \d{10}$/);
      expect(facts.fileVersions?.['/home/ops/.kube/config']).toMatch(/^\d+ 1234567890$/);
    });

    it('R13: lists what somebody has put into /var/lib/kubelet, where no kubelet has been', async () => {
      make({ shell });
      host.files({
        '/var/lib/kubelet/config.json': '{}',
        '/var/lib/kubelet/seccomp/profiles/a b.json': '',
        '/var/lib/kubelet/lost+found/x': '',
        '/var/lib/kubelet/plugins/': '',
      });
      const { kubeletFiles, kubeletStatePresent } = await readHost(host, { address });
      expect(kubeletStatePresent).toBe(false);
      expect(kubeletFiles?.toSorted()).toEqual([
        '/var/lib/kubelet/config.json',
        '/var/lib/kubelet/seccomp/profiles/a b.json',
      ]);
      host.files({ '/var/lib/kubelet/cpu_manager_state': '' });
      expect(await readHost(host, { address })).toMatchObject({ kubeletStatePresent: true });
      expect((await readHost(host, { address })).kubeletFiles).toBeUndefined();
    });

    it("R16: takes LXC's bridge for nobody's, and Cilium's links for Cilium's", async () => {
      make({ shell });
      const links = ['lxcbr0', 'lxc0123456789ab', 'lxc_health', 'cilium_host', 'lxc0123'];
      host.files(Object.fromEntries(links.map((link) => [`/sys/class/net/${link}/mtu`, '1500\n'])));
      const { cniLinks } = await readHost(host, { address });
      expect(cniLinks.toSorted()).toEqual(['cilium_host', 'lxc0123456789ab', 'lxc_health']);
    });

    it("lists kubeadm's files first, however many others there are", async () => {
      make({ shell });
      host.files(Object.fromEntries(Array.from({ length: 210 }, (_, n) => [`/etc/kubernetes/audit/${n}.log`, ''])));
      host.files({ '/etc/kubernetes/pki/ca.key': '', '/etc/kubernetes/kubelet.conf': '' });
      const { kubernetesFiles } = await readHost(host, { address });
      expect(kubernetesFiles).toHaveLength(200);
      expect(kubernetesFiles.slice(0, 2)).toEqual(['/etc/kubernetes/kubelet.conf', '/etc/kubernetes/pki/ca.key']);
    });

    it('reads on where tools are missing', async () => {
      const without = [
        'systemctl',
        'ss',
        'ip',
        'nft',
        'curl',
        'kubeadm',
        'kubelet',
        'kubectl',
        'containerd',
        'ctr',
        'nproc',
        'stat',
        'find',
      ];
      const saves = ['iptables-save', 'ip6tables-save', 'iptables-legacy-save', 'ip6tables-legacy-save'];
      // Where the shell is busybox, its own applets stand in.
      make({ shell, without: [...without, ...saves] });
      host.files({
        '/proc/net/tcp':
          '  sl  local_address rem_address   st\n   0: 0100007F:192B 00000000:0000 0A 0\n   1: 0100007F:192B 0100007F:9C40 01 0\n',
        '/etc/kubernetes/admin.conf': kubeconfig('https://10.203.0.10:6443', prodCa.pem),
      });
      const facts = await readHost(host, { address });
      expect(facts).toMatchObject({
        hostname: 'cp3',
        ...(shell[0] === 'busybox' ? {} : { addresses: [], diskFreeMiB: {} }),
        kubernetesFiles: ['/etc/kubernetes/admin.conf'],
        versions: {},
        runtimeReady: false,
        kubelet: { enabled: 'unknown', active: 'unknown' },
        listeners: [{ port: 6443, process: 'unknown', pid: 0 }],
        kubeconfigs: [{ server: 'https://10.203.0.10:6443' }],
        packetFilterRules: 0,
        foreignServerAnswers: {},
      });
      expect(facts.mtu).toBeUndefined();
    });
  });

describe('what the tools say', () => {
  it('counts a runtime whose CRI is disabled, or that does not answer, as not ready', async () => {
    make();
    host.program(
      'curl',
      `printf 'HTTP/2 200 \\r\\ncontent-type: application/grpc\\r\\ngrpc-status: 12\\r\\ngrpc-message: unknown service runtime.v1.RuntimeService\\r\\n'`,
    );
    expect((await readHost(host, { address })).runtimeReady).toBe(false);
    host.program('curl', 'exit 7');
    expect(await readHost(host, { address })).toMatchObject({
      runtimeReady: false,
      versions: { containerd: '1.7.24' },
    });
  });

  it('asks ctr where curl knows no HTTP/2', async () => {
    make();
    host.program('curl', 'exit 2');
    host.program('ctr', 'case "$*" in *"--address /run/cri.sock version"*) exit 0 ;; esac; exit 1');
    expect((await readHost(host, { address, criSocket: 'unix:///run/cri.sock' })).runtimeReady).toBe(true);
    expect((await readHost(host, { address, criSocket: 'unix:///run/other.sock' })).runtimeReady).toBe(false);
  });

  it('asks each API server once, and any HTTP status is an answer', async () => {
    make();
    host.program(
      'curl',
      'echo "$@" >>$FOLDER/asked; case "$*" in *https://10.9.0.5:6443/version*) printf 401 ;; *) printf 000; exit 28 ;; esac',
    );
    host.files({
      '/etc/kubernetes/admin.conf': kubeconfig('https://10.9.0.5:6443', oldCa.pem),
      '/etc/kubernetes/kubelet.conf': kubeconfig('https://10.9.0.5:6443', oldCa.pem),
      '/etc/kubernetes/scheduler.conf': kubeconfig('https://[fd00::1]:6443', oldCa.pem),
      '/etc/kubernetes/evil.conf': kubeconfig('"https://x$(touch $FOLDER/evil);*"', oldCa.pem),
    });
    const facts = await readHost(host, { address });
    expect(facts.foreignServerAnswers).toEqual({ 'https://10.9.0.5:6443': true, 'https://[fd00::1]:6443': false });
    const asked = await host.run('grep -c version$ asked; ls', {});
    expect(asked.stdout).not.toContain('evil');
  });

  it('tells a unit that does not exist from one that is disabled', async () => {
    make();
    host.program(
      'systemctl',
      `printf 'Id=kubelet.service\\nLoadState=not-found\\nActiveState=inactive\\nUnitFileState=\\n\\nId=containerd.service\\nLoadState=masked\\nActiveState=failed\\nUnitFileState=masked\\n'`,
    );
    expect(await readHost(host, { address })).toMatchObject({
      kubelet: { enabled: 'not-found', active: 'inactive' },
      containerd: { enabled: 'masked', active: 'failed' },
    });
  });

  it.each([
    [3_600_000, 0],
    [-90_000, 1.5],
  ])('measures a clock that is %i ms off, whatever the time the script takes', async (offset, pause) => {
    make();
    host.program('date', `exec /bin/date -d "$(( ${offset} / 1000 )) seconds" "$@"`);
    host.program('uname', `sleep ${pause}; echo "6.1.0 x86_64"`);
    const { clockOffsetMs } = await readHost(host, { address });
    expect(Math.abs(clockOffsetMs - offset)).toBeLessThan(400);
  });

  it('finds files with odd names, also where they look like the output of the script', async () => {
    make();
    host.files({
      '/etc/kubernetes/a\nkubelet-state present\nend': 'x',
      '/etc/kubernetes/x y.conf': kubeconfig('https://q:1', oldCa.pem),
    });
    const facts = await readHost(host, { address });
    expect(facts.kubeletStatePresent).toBe(false);
    expect(facts.kubeconfigs).toMatchObject([{ file: '/etc/kubernetes/x y.conf', server: 'https://q:1' }]);
  });

  it('asks a program for its version once, and again when its file changed', async () => {
    make();
    const big = (version: string): string =>
      `echo asked >>$FOLDER/asked; echo ${version}; exit 0\n${'#'.repeat(2 ** 20)}`;
    const asked = async (): Promise<number> => (await host.run('cat $FOLDER/asked')).stdout.split('\n').length - 1;
    const kubeadm = async () => (await readHost(host, { address })).versions.kubeadm;
    host.program('kubeadm', big('v1.37.1'));
    expect([await kubeadm(), await kubeadm(), await asked()]).toEqual(['v1.37.1', 'v1.37.1', 1]);
    host.program('kubeadm', big('v1.37.2')); // same inode and size
    expect([await kubeadm(), await kubeadm(), await asked()]).toEqual(['v1.37.2', 'v1.37.2', 2]);
    host.program('kubeadm', big('cannot start'));
    expect([await kubeadm(), await kubeadm(), await asked()]).toEqual([undefined, undefined, 4]);
  });

  it('asks a wrapper each time, as it may start something else tomorrow', async () => {
    make();
    host.program('kubeadm', 'cat $FOLDER/version');
    await host.run('echo v1.37.1 >$FOLDER/version');
    expect((await readHost(host, { address })).versions.kubeadm).toBe('v1.37.1');
    await host.run('echo v1.38.0 >$FOLDER/version');
    expect((await readHost(host, { address })).versions.kubeadm).toBe('v1.38.0');
  });

  it('does without its notes where they are cut short or cannot be written', async () => {
    make();
    host.program('kubeadm', `echo v1.37.1; exit 0\n${'#'.repeat(2 ** 20)}`);
    host.files({ '/var/cache/quorate/versions': 'a file' });
    expect((await readHost(host, { address })).versions.kubeadm).toBe('v1.37.1');
  });

  it('does not wait for what is endless', async () => {
    make();
    host.files({ '/home/ops/.kube/': '' });
    symlinkSync('/dev/zero', join(host.folder, 'root/home/ops/.kube/config'));
    expect((await readHost(host, { address })).homeKubeconfigs).toEqual([]);
  });

  it('finds a marker only where it is whole', async () => {
    make();
    host.files({ '/var/lib/quorate/marker.json': '{"operation":"a"' });
    const facts = await readHost(host, { address });
    expect(facts.marker).toBeUndefined();
    // Half of one proves nothing, but it is there.
    expect(facts.identity).toContain('/var/lib/quorate/marker.json {"operation":"a"');
  });
});

describe('what is not as it should be', () => {
  it('names the piece that is missing or broken', async () => {
    make();
    host.program('nproc', 'echo many');
    host.program('getconf', 'echo many');
    await expect(readHost(host, { address })).rejects.toMatchObject({
      type: 'CommandFailed',
      message: 'reading the host on cp3: the piece "cpus" makes no sense',
      details: { host: 'cp3', evidence: ['cpus: many'] },
    });
    const { stdout } = await make().run((await scriptOf()).replace('first_line hostname', ': hostname'));
    const partly = fakeHost('cp3', [[/began/, stdout]]);
    await expect(readHost(partly, { address })).rejects.toMatchObject({
      type: 'CommandFailed',
      message: 'reading the host on cp3: the piece "hostname" is missing',
    });
  });

  it('never takes half an output for a whole one', async () => {
    make();
    const { stdout } = await host.run(await scriptOf());
    for (const length of [0, 10, 300, stdout.length - 5]) {
      const cut = fakeHost('cp3', [[/began/, stdout.slice(0, length)]]);
      await expect(readHost(cut, { address })).rejects.toMatchObject({ type: 'CommandFailed' });
    }
    await expect(readHost(fakeHost('cp3', [[/began/, stdout]]), { address })).resolves.toMatchObject({
      hostname: 'cp3',
    });
  });

  it('is Unreachable when the connection is lost', async () => {
    make();
    const lost = fakeHost('cp3', [[/began/, { end: { kind: 'lost', cause: 'reset' } }]]);
    await expect(readHost(lost, { address })).rejects.toMatchObject({ type: 'Unreachable' });
  });
});

/** The script that `readHost` sends. */
const scriptOf = async (): Promise<string> => {
  const recorder = fakeHost('cp3', [[/began/, '']]);
  await readHost(recorder, { address }).catch(() => undefined);
  return recorder.runs[0]?.script ?? '';
};
