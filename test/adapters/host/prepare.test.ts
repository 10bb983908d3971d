import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareHost } from '../../../adapters/host/prepare.js';
import type { PrepareInput } from '../../../adapters/host/prepare.js';
import { hostFolder } from './host-folder.js';
import type { HostFolder } from './host-folder.js';

const images = [
  'registry.k8s.io/kube-apiserver:v1.37.1',
  'registry.k8s.io/etcd:3.7.0-0',
  'registry.k8s.io/coredns/coredns:v1.14.6',
];
/** ListImagesResponse as the runtime writes it: names behind a byte of their length. */
const answer = (names: readonly string[]): string =>
  `printf 'HTTP/2 200 \\r\\n\\r\\n'; printf '${names.map((name) => `\\012\\${(name.length + 40).toString(8)}\\022\\${name.length.toString(8).padStart(3, '0')}${name}\\032\\100`).join('')}'`;

const worker: PrepareInput = {
  kind: 'join-worker',
  kubernetesVersion: 'v1.37.1',
  networking: { podSubnet: '10.244.0.0/16' },
  target: { name: 'cp3', address: '10.203.0.13', labels: {} },
  kubeadm: {
    ignorePreflightErrors: [],
    criSocket: 'unix:///run/containerd/containerd.sock',
    imagePullPolicy: 'IfNotPresent',
    kubelet: {},
    kubeProxy: {},
    clusterConfiguration: {},
    kubeletExtraArgs: [],
  },
};
const controlPlane: PrepareInput = { ...worker, kind: 'join-control-plane' };
const withPolicy = (imagePullPolicy: 'Always' | 'Never', ignored: string[] = []): PrepareInput => ({
  ...controlPlane,
  kubeadm: { ...controlPlane.kubeadm, imagePullPolicy, ignorePreflightErrors: ignored },
});

let host: HostFolder;
const text = (path: string): string => readFileSync(join(host.folder, 'root', path), 'utf8');
const exists = (path: string): boolean => existsSync(join(host.folder, 'root', path));

/** A host on which everything is as kubeadm wants it. */
beforeEach(() => {
  host = hostFolder({ rewrite: (script) => script.replaceAll('f=/run', 'f=$FOLDER/root/run') });
  host.files({
    '/proc/sys/net/bridge/bridge-nf-call-iptables': '1\n',
    '/proc/sys/net/bridge/bridge-nf-call-ip6tables': '1\n',
    '/proc/sys/net/ipv6/conf/all/forwarding': '0\n',
    '/proc/sys/net/ipv6/conf/default/forwarding': '0\n',
    '/proc/filesystems': 'nodev\tproc\nnodev\toverlay\n',
    '/etc/modules-load.d/k8s.conf': 'overlay\nbr_netfilter\n',
    '/run/': '',
  });
  host.program(
    'systemctl',
    'echo "$*" >>$FOLDER/systemctl; case $1 in is-enabled) cat $FOLDER/state 2>/dev/null || echo enabled ;; enable) echo enabled >$FOLDER/state ;; esac',
  );
  host.program('modprobe', 'echo "$1" >>$FOLDER/modprobe');
  host.program(
    'kubeadm',
    `case "$3" in
      list) cp "$5" $FOLDER/list.yaml; printf '%s\\n' ${images.join(' ')}; echo 'W1123 a warning' >&2 ;;
      pull) cp "$5" $FOLDER/pull.yaml; eval "$(cat $FOLDER/pull 2>/dev/null)" ;;
    esac`,
  );
  host.program('curl', answer(images));
});
afterEach(() => host.close());

describe('a host that is prepared', () => {
  it.each([
    ['worker', worker],
    ['control plane', controlPlane],
  ])('is left alone (%s)', async (_, input) => {
    expect(await prepareHost(host, input)).toEqual({ changes: [], notes: [], undo: { sysctls: {}, files: [] } });
    expect(exists('/etc/sysctl.d')).toBe(false);
    expect(exists('/etc/modules-load.d/quorate.conf')).toBe(false);
    expect((await host.run('cat $FOLDER/systemctl')).stdout).not.toContain('enable kubelet');
    expect((await host.run('ls $FOLDER; ls $FOLDER/root/run')).stdout).not.toMatch(/modprobe$|pull\.yaml|quorate/m);
  });
});

describe('a host that is not', () => {
  it('gets its kubelet enabled, once', async () => {
    await host.run('echo disabled >$FOLDER/state');
    expect(await prepareHost(host, worker)).toEqual({
      changes: ['enabled kubelet.service'],
      notes: [],
      undo: { kubeletWas: 'disabled', sysctls: {}, files: [] },
    });
    expect((await prepareHost(host, worker)).changes).toEqual([]);
  });

  it('gets settings that are wrong, kept over a restart', async () => {
    host.files({
      '/proc/sys/net/ipv4/ip_forward': '0\n',
      '/etc/sysctl.d/99-quorate-kubernetes.conf': 'net.ipv4.ip_forward = 0\nnet.ipv4.ip_forward_more = 7\n',
    });
    expect(await prepareHost(host, worker)).toEqual({
      changes: [
        'set net.ipv4.ip_forward from 0 to 1',
        'wrote /etc/sysctl.d/99-quorate-kubernetes.conf: net.ipv4.ip_forward',
      ],
      notes: [],
      undo: { sysctls: { 'net.ipv4.ip_forward': '0' }, files: ['/etc/sysctl.d/99-quorate-kubernetes.conf'] },
    });
    expect(text('/proc/sys/net/ipv4/ip_forward')).toBe('1\n');
    expect(text('/etc/sysctl.d/99-quorate-kubernetes.conf')).toBe(
      'net.ipv4.ip_forward_more = 7\nnet.ipv4.ip_forward = 1\n',
    );
    expect((await prepareHost(host, worker)).changes).toEqual([]);
  });

  it('forwards IPv6 where the cluster speaks it', async () => {
    const dual = { ...worker, networking: { podSubnet: '10.244.0.0/16,fd01::/48' } };
    expect(Object.keys((await prepareHost(host, dual)).undo.sysctls)).toEqual([
      'net.ipv6.conf.default.forwarding',
      'net.ipv6.conf.all.forwarding',
    ]);
  });

  it('gets its modules loaded and kept', async () => {
    host.files({
      '/proc/filesystems': 'nodev\tproc\nnodev\tnotoverlay\n',
      '/etc/modules-load.d/k8s.conf': '# overlay\n',
    });
    const { changes, undo } = await prepareHost(host, worker);
    expect(changes).toEqual([
      'loaded kernel module overlay',
      'wrote /etc/modules-load.d/quorate.conf: overlay br_netfilter',
    ]);
    expect(undo.files).toEqual(['/etc/modules-load.d/quorate.conf']);
    expect(text('/etc/modules-load.d/quorate.conf')).toBe('overlay\nbr_netfilter\n');
    expect((await host.run('cat $FOLDER/modprobe')).stdout).toBe('overlay\n');
    host.files({ '/proc/filesystems': 'nodev\toverlay\n' });
    expect((await prepareHost(host, worker)).changes).toEqual([]);
  });

  it('keeps no module that is built into the kernel, and only notes one that cannot be had', async () => {
    host.files({
      '/etc/modules-load.d/k8s.conf': '',
      '/lib/modules/6.1.0-18-amd64/modules.builtin':
        'kernel/fs/overlayfs/overlay.ko\nkernel/net/bridge/br_netfilter.ko\n',
    });
    host.program('uname', 'echo 6.1.0-18-amd64');
    expect((await prepareHost(host, worker)).changes).toEqual([]);
    host.files({ '/proc/filesystems': 'nodev\tproc\n' });
    host.program('modprobe', 'echo "modprobe: FATAL: Module overlay not found." >&2; exit 1');
    expect(await prepareHost(host, worker)).toMatchObject({
      changes: [],
      notes: ['kernel module overlay could not be loaded: modprobe: FATAL: Module overlay not found.'],
    });
  });

  it('is unsuitable when the kubelet cannot be enabled', async () => {
    host.program(
      'systemctl',
      'case $1 in is-enabled) echo masked; exit 1 ;; esac; echo "Failed to enable unit: Unit file is masked." >&2; exit 1',
    );
    await expect(prepareHost(host, worker)).rejects.toMatchObject({
      type: 'HostUnsuitable',
      message: expect.stringContaining('enable kubelet.service: Failed to enable unit: Unit file is masked.'),
      details: { host: 'cp3' },
    });
  });
});

describe('images', () => {
  it('are asked for as the specification has them', async () => {
    await prepareHost(host, {
      ...controlPlane,
      kubeadm: {
        ...controlPlane.kubeadm,
        clusterConfiguration: { imageRepository: 'r.example', kubernetesVersion: 'v0' },
      },
    });
    const [init, cluster] = readFileSync(join(host.folder, 'list.yaml'), 'utf8').split('---\n');
    expect(JSON.parse(init ?? '')).toMatchObject({ nodeRegistration: { criSocket: worker.kubeadm.criSocket } });
    expect(JSON.parse(cluster ?? '')).toMatchObject({
      kind: 'ClusterConfiguration',
      imageRepository: 'r.example',
      kubernetesVersion: 'v1.37.1',
    });
  });

  it('are pulled when one is missing, also if another tag of it is there', async () => {
    host.program('curl', answer([...images.slice(1), `${images[0]}0`]));
    expect((await prepareHost(host, controlPlane)).changes).toEqual([`pulled ${images[0]}`]);
    expect(readFileSync(join(host.folder, 'pull.yaml'), 'utf8')).toContain('"kubernetesVersion":"v1.37.1"');
    expect((await host.run('ls $FOLDER/root/run')).stdout).not.toContain('quorate');
  });

  it('are found whatever the length of their name', async () => {
    for (const length of [31, 45, 48, 57, 65, 90, 97, 122, 127]) {
      const name = `registry.example/${'a'.repeat(length - 22)}:v1.0`;
      expect(name).toHaveLength(length);
      host.program('kubeadm', `[ "$3" = list ] && echo ${name} || exit 1`);
      host.program('curl', answer([name]));
      expect((await prepareHost(host, controlPlane)).changes).toEqual([]);
    }
  });

  it('are listed by ctr where curl knows no HTTP/2', async () => {
    host.program('curl', 'exit 2');
    host.program(
      'ctr',
      `case "$*" in "--address /run/containerd/containerd.sock --namespace k8s.io images ls -q") printf '%s\\n' ${images.join(' ')} ;; esac`,
    );
    expect((await prepareHost(host, controlPlane)).changes).toEqual([]);
  });

  it('that cannot be pulled make the host unsuitable, unless that check is ignored', async () => {
    host.program('curl', answer([]));
    await host.run(`echo 'echo "failed to pull image" >&2; exit 1' >$FOLDER/pull`);
    await expect(prepareHost(host, controlPlane)).rejects.toMatchObject({
      type: 'HostUnsuitable',
      message: '3 of the images of v1.37.1 could not be pulled on cp3',
      details: { evidence: [...images.map((image) => `missing: ${image}`), 'failed to pull image'] },
    });
    const ignoring = { ...controlPlane, kubeadm: { ...controlPlane.kubeadm, ignorePreflightErrors: ['ImagePull'] } };
    expect((await prepareHost(host, ignoring)).notes).toHaveLength(1);
  });

  it('are not pulled against the policy', async () => {
    host.program('curl', answer(images.slice(1)));
    await expect(prepareHost(host, withPolicy('Never'))).rejects.toMatchObject({
      type: 'HostUnsuitable',
      details: { evidence: [images[0]] },
    });
    expect((await prepareHost(host, withPolicy('Never', ['ImagePull']))).notes).toHaveLength(1);
    expect((await prepareHost(host, withPolicy('Always'))).changes).toEqual([]);
    expect(existsSync(join(host.folder, 'pull.yaml'))).toBe(false);
  });

  it('that kubeadm cannot name are an error with its words', async () => {
    host.program('kubeadm', 'echo "W1 noise" >&2; echo "error: unknown version" >&2; exit 1');
    await expect(prepareHost(host, controlPlane)).rejects.toMatchObject({
      type: 'HostUnsuitable',
      message: expect.stringContaining('error: unknown version'),
    });
  });
});
