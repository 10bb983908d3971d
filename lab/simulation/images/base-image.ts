import { file, program } from '../files/inode.js';
import { proc, sys } from '../files/kernel-files.js';
import { TreeBuilder } from '../files/tree.js';
import { basePrograms } from '../programs/registry.js';

const osRelease = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
`;

const passwd = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
ops:x:1000:1000::/home/ops:/bin/bash
`;

/** Programs that Debian has in /usr/sbin. */
const ofSbin = new Set(['modprobe', 'nft']);

const wantsFolder = '/etc/systemd/system/multi-user.target.wants';

/** The files of a Debian 12 that every simulated host begins with. */
export const debian = (): TreeBuilder => {
  const tree = new TreeBuilder();
  for (const folder of [
    '/boot',
    '/home/ops',
    '/mnt',
    '/opt',
    '/root',
    '/run',
    '/srv',
    '/tmp',
    '/usr/local/bin',
    '/usr/local/sbin',
    '/var/lib',
    '/var/log',
    '/var/cache',
    '/var/tmp',
    '/etc/modules-load.d',
    '/etc/sysctl.d',
    wantsFolder,
  ])
    tree.folder(folder);
  tree
    .put('/proc', proc)
    .put('/sys', sys)
    .link('/bin', 'usr/bin')
    .link('/sbin', 'usr/sbin')
    .link('/lib', 'usr/lib')
    .file('/usr/lib/os-release', osRelease)
    .link('/etc/os-release', '../usr/lib/os-release')
    .file('/etc/passwd', passwd)
    .file('/etc/sudoers.d/ops', 'ops ALL=(ALL:ALL) NOPASSWD:ALL\n', 0o440)
    .file('/etc/modules', '')
    .file(
      '/usr/lib/modules/6.1.0-44-amd64/modules.builtin',
      'kernel/fs/overlayfs/overlay.ko\nkernel/net/bridge/br_netfilter.ko\n',
    )
    .put('/dev/null', file(''));
  for (const name of Object.keys(basePrograms)) {
    // The size of a real one: what asks for a version takes a small file for a wrapper.
    tree.put(`/usr/${ofSbin.has(name) ? 'sbin' : 'bin'}/${name}`, program(name, 100_000));
  }
  return tree;
};

export const enableUnit = (tree: TreeBuilder, name: string): void => {
  tree.link(`${wantsFolder}/${name}`, `/usr/lib/systemd/system/${name}`);
};
