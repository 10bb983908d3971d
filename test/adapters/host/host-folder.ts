import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shellHost, workingIn } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

export interface HostFolder extends ShellHost {
  /** Writes files of the host by absolute path; a path that ends in a slash is an empty folder. */
  files(files: Readonly<Record<string, string>>): void;
}

const plainFiles: Readonly<Record<string, string>> = {
  '/proc/sys/kernel/hostname': 'cp3\n',
  '/proc/sys/kernel/random/boot_id': '11111111-2222-3333-4444-555555555555\n',
  '/proc/sys/net/ipv4/ip_forward': '1\n',
  '/proc/meminfo': 'MemTotal:        4028192 kB\nMemFree:          100000 kB\n',
  '/proc/swaps': 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
  '/proc/mounts': 'proc /proc proc rw 0 0\n',
  '/etc/machine-id': '3d1219c7c4c5404aaa1f6d2a48adfda4\n',
  '/etc/os-release': 'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
  '/etc/passwd':
    'root:x:0:0:root:/root:/bin/bash\nops:x:1000:1000:,,,:/home/ops:/bin/bash\nnobody:x:65534:65534::/nonexistent:/bin/false\n',
  '/sys/class/net/lo/mtu': '65536\n',
  '/sys/class/net/eth0/mtu': '1450\n',
  '/sys/fs/cgroup/cgroup.controllers': 'cpu memory\n',
  '/etc/kubernetes/manifests/': '',
  '/var/lib/kubelet/': '',
};

const plainPrograms: Readonly<Record<string, string>> = {
  uname: 'echo "6.1.0-18-amd64 x86_64"',
  nproc: 'echo 4',
  ip: `cat <<'X'
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: eth0    inet 10.203.0.13/24 brd 10.203.0.255 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet6 fd00::13/64 scope global \\       valid_lft forever preferred_lft forever
2: eth0    inet6 fe80::fc:ff:fe00:1/64 scope link \\       valid_lft forever preferred_lft forever
X`,
  systemctl: `cat <<'X'
Id=kubelet.service
LoadState=loaded
ActiveState=inactive
UnitFileState=enabled

Id=containerd.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled
X`,
  ss: 'exit 0',
  nft: 'exit 0',
  'iptables-legacy-save': 'exit 0',
  'ip6tables-legacy-save': 'exit 0',
  'iptables-save': 'exit 0',
  'ip6tables-save': 'exit 0',
  curl: `case "$*" in
    *unix-socket*) printf 'HTTP/2 200 \\r\\n\\r\\n\\0\\0\\0\\0\\031\\n\\0050.1.0\\022\\ncontainerd\\032\\0061.7.24"\\002v1grpc-status: 0\\r\\n' ;;
    *) printf 000; exit 7 ;;
  esac`,
  kubeadm: 'echo v1.37.1',
  kubelet: 'echo Kubernetes v1.37.1',
  kubectl: 'echo "Client Version: v1.37.1"; echo "Kustomize Version: v5.8.1"',
  containerd: 'echo "containerd github.com/containerd/containerd v1.7.24 88bf19b"',
  ctr: 'exit 1',
};

/** Everyday programs of the shell; the names in `without` are the only ones that a host lacks. */
const everyday = [
  'awk',
  'sed',
  'cat',
  'date',
  'find',
  'stat',
  'head',
  'tr',
  'getconf',
  'sleep',
  'mkdir',
  'mv',
  'rm',
  'cp',
  'chmod',
  'grep',
  'cut',
  'tail',
  'ls',
  'base64',
  'readlink',
  'sort',
  'wc',
  'rmdir',
  'openssl',
  'sha256sum',
];

/**
 * A folder that looks like a clean host, on which the real scripts run with the given shell: `/` of the script is the
 * folder, and the PATH holds the everyday programs and fakes of the rest.
 */
export const hostFolder = (
  options: { shell?: readonly string[]; without?: readonly string[]; rewrite?: (script: string) => string } = {},
): HostFolder => {
  const { shell = ['/bin/sh'], without = [] } = options;
  const fakes = Object.keys(plainPrograms).filter((name) => !without.includes(name));
  // busybox prefers its own applets to the PATH; functions come before both.
  const inBusybox =
    shell[0] === 'busybox'
      ? fakes
          .filter((name) => /^\w+$/.test(name))
          .map((name) => `${name}() { "$FOLDER/bin/${name}" "$@"; }`)
          .join('\n')
      : '';
  const host = shellHost({
    name: 'cp3',
    rewrite: (script, folder) => {
      const inFolder = workingIn(options.rewrite?.(script) ?? script, join(folder, 'root')).replace(
        /^PATH=.*$/m,
        `PATH=${join(folder, 'bin')}\n${inBusybox}`,
      );
      const words = [...shell, '-c', inFolder].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
      return `exec ${words.join(' ')}`;
    },
  });
  const files = (entries: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(entries)) {
      const at = join(host.folder, 'root', path);
      mkdirSync(path.endsWith('/') ? at : dirname(at), { recursive: true });
      if (!path.endsWith('/')) writeFileSync(at, text);
    }
  };
  files(plainFiles);
  for (const name of everyday.filter((one) => !without.includes(one))) {
    // A file that calls the real program, never a link to it: `program` would write through a link.
    host.program(
      name,
      `exec ${execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()} "$@"`,
    );
  }
  for (const name of fakes) host.program(name, plainPrograms[name] ?? '');
  return Object.assign(host, { files });
};
