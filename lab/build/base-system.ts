// The two Debian root file systems that hosts share as the lower layer of their disks: "node" and "load-balancer".
// Built once by mmdebstrap, kept in the cache folder under a name that changes with the recipe.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { release as kernelRelease } from 'node:os';
import { join } from 'node:path';
import { labFile, writableCacheFolder } from '../paths.js';
import { makeOnce } from './partial.js';
import type { Progress } from '../progress.js';
import { check } from '../shell.js';

export type HostKind = 'node' | 'load-balancer';

const SUITE = 'bookworm';
const BUILD_TIMEOUT_MS = 20 * 60_000;

const COMMON_PACKAGES =
  `systemd systemd-sysv dbus libpam-systemd openssh-server openssh-client iproute2 iptables nftables
  conntrack ethtool socat kmod procps ca-certificates curl iputils-ping busybox-static sudo mount util-linux less tar gzip
  openssl tcpdump netcat-openbsd strace faketime xz-utils`.split(/\s+/);
const PACKAGES: Record<HostKind, readonly string[]> = {
  node: [...COMMON_PACKAGES, 'containerd', 'runc', 'containernetworking-plugins', 'ebtables'],
  'load-balancer': [...COMMON_PACKAGES, 'haproxy', 'keepalived'],
};

/** What a machine without kernel, disks, terminal or a route to the Internet need not run. */
const MASKED_UNITS = `apt-daily.timer apt-daily-upgrade.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service
  dpkg-db-backup.timer systemd-pstore.service getty@tty1.service console-getty.service systemd-udevd.service
  systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-modules-load.service
  sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount dev-hugepages.mount
  proc-sys-fs-binfmt_misc.automount`.split(/\s+/);

/** Services that Debian starts on installation; the lab leaves that to whoever configures them. */
const DISABLED_UNITS = ['haproxy.service', 'keepalived.service'];

/** Modules that are built into the kernel of the machine, or stand for it: `modprobe` must succeed as on a stock Debian. */
const BUILT_IN_MODULES = `fs/overlayfs/overlay net/bridge/br_netfilter net/bridge/bridge net/netfilter/nf_conntrack
  net/netfilter/nf_nat net/ipv4/netfilter/ip_tables net/ipv6/netfilter/ip6_tables net/netfilter/nf_tables
  drivers/net/vxlan/vxlan`.split(/\s+/);

/** The folder of the root file system of such hosts; built if it is not there yet. */
export async function provideBaseSystem(kind: HostKind, progress: Progress): Promise<string> {
  const folder = baseSystemFolder(kind);
  await makeOnce(folder, async (partial) => {
    progress(`building the Debian root file system of a ${kind} host (once, about a minute)`);
    const started = Date.now();
    await bootstrap(kind, partial, progress);
    await configure(kind, partial);
    progress(`built the root file system of a ${kind} host in ${Math.round((Date.now() - started) / 1000)} s`);
  });
  return folder;
}

function baseSystemFolder(kind: HostKind): string {
  const recipe = createHash('sha256');
  recipe.update(JSON.stringify([SUITE, PACKAGES[kind], MASKED_UNITS, DISABLED_UNITS, BUILT_IN_MODULES]));
  recipe.update(kernelRelease());
  recipe.update(readFileSync(labFile('lab-init')));
  for (const name of ['etc/ssh/sshd_config.d/lab.conf', 'etc/systemd/system.conf.d/lab.conf', 'etc/sudoers.d/ops']) {
    recipe.update(readFileSync(labFile('rootfs', 'common', name)));
  }
  if (kind === 'node') {
    for (const name of ['etc/containerd/config.toml', 'etc/sysctl.d/90-kubernetes.conf']) {
      recipe.update(readFileSync(labFile('rootfs', 'node', name)));
    }
  }
  return join(writableCacheFolder(), 'base', `${kind}-${recipe.digest('hex').slice(0, 12)}`);
}

async function bootstrap(kind: HostKind, folder: string, progress: Progress): Promise<void> {
  let reported = 0;
  await check(
    'mmdebstrap',
    [
      '--mode=root',
      '--variant=minbase',
      `--include=${PACKAGES[kind].join(',')}`,
      '--aptopt=APT::Install-Recommends "false"',
      '--dpkgopt=force-unsafe-io',
      '--dpkgopt=path-exclude=/usr/share/doc/*',
      '--dpkgopt=path-exclude=/usr/share/man/*',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      SUITE,
      folder,
      ...machineSources(),
    ],
    {
      timeoutMs: BUILD_TIMEOUT_MS,
      onLine: (line) => {
        if (!line.startsWith('I: ') || Date.now() - reported < 3_000) return;
        reported = Date.now();
        progress(`root file system of a ${kind} host: ${line.slice(3)}`);
      },
    },
  );
}

/** The machine's own package sources if it runs the same release, else mmdebstrap's defaults. */
function machineSources(): string[] {
  const system = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  if (!system.includes(`VERSION_CODENAME=${SUITE}`)) return [];
  const sources = '/etc/apt/sources.list.d/debian.sources';
  return existsSync(sources) ? [sources] : [];
}

async function configure(kind: HostKind, root: string): Promise<void> {
  for (const layer of kind === 'node' ? ['common', 'node'] : ['common']) {
    await cp(labFile('rootfs', layer), root, { recursive: true });
  }
  await chmod(join(root, 'etc/sudoers.d/ops'), 0o440);
  await cp(labFile('lab-init'), join(root, 'usr/local/sbin/lab-init'));
  await chmod(join(root, 'usr/local/sbin/lab-init'), 0o755);
  for (const name of await readdir(join(root, 'etc/ssh'))) {
    if (name.startsWith('ssh_host_')) await rm(join(root, 'etc/ssh', name));
  }
  await check('chroot', [root, 'useradd', '--create-home', '--uid', '1000', '--shell', '/bin/bash', 'ops']);
  // Empty: systemd makes an identity at the first boot of each disk, and presets enable nothing.
  await writeFile(join(root, 'etc/machine-id'), '');
  await rm(join(root, 'etc/resolv.conf'), { force: true });
  for (const unit of MASKED_UNITS) {
    const path = join(root, 'etc/systemd/system', unit);
    await rm(path, { force: true });
    await symlink('/dev/null', path);
  }
  for (const unit of DISABLED_UNITS) {
    await rm(join(root, 'etc/systemd/system/multi-user.target.wants', unit), { force: true });
  }
  await rm(join(root, 'etc/cni/net.d'), { recursive: true, force: true });
  await describeKernelModules(root);
}

async function describeKernelModules(root: string): Promise<void> {
  const folder = join(root, 'usr/lib/modules', kernelRelease());
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'modules.builtin'), BUILT_IN_MODULES.map((name) => `kernel/${name}.ko\n`).join(''));
  await writeFile(join(folder, 'modules.order'), '');
  await check('chroot', [root, 'depmod', kernelRelease()]);
}
