// /proc and /sys: made from the state of the host when they are read.
import { randomUUID } from 'node:crypto';
import type { Machine } from '../system/machine.js';
import type { Process } from '../system/process.js';
import { FileError } from './file-error.js';
import { directory, file, link, virtualDirectory, virtualFile } from './inode.js';
import type { Inode } from './inode.js';

const entries = (of: Readonly<Record<string, Inode>>): Inode => directory(0o555, 0, new Map(Object.entries(of)));

/** Settings below /proc/sys: folders that names with dots make. */
const sysctlFolder = (prefix: string): Inode =>
  virtualDirectory(
    (machine) => [
      ...new Set(
        [...machine.sysctls.keys()]
          .filter((name) => name.startsWith(prefix))
          .map((name) => name.slice(prefix.length).split('.')[0] ?? ''),
      ),
    ],
    (machine, name) => {
      const full = prefix + name;
      if (machine.sysctls.has(full)) return sysctlFile(full);
      return [...machine.sysctls.keys()].some((one) => one.startsWith(`${full}.`))
        ? sysctlFolder(`${full}.`)
        : undefined;
    },
  );

const sysctlFile = (name: string): Inode =>
  virtualFile(
    (machine) => `${machine.sysctls.get(name) ?? ''}\n`,
    (machine, text) => {
      if (machine.fixedSysctls.has(name)) throw new FileError('EACCES', `/proc/sys/${name.replaceAll('.', '/')}`);
      machine.sysctls.set(name, text.trim());
    },
  );

const kernelFolder = entries({
  hostname: virtualFile((machine) => `${machine.hostname}\n`),
  random: entries({
    boot_id: virtualFile((machine) => `${machine.bootId}\n`),
    uuid: virtualFile(() => `${randomUUID()}\n`),
  }),
  pid_max: virtualFile(() => '4194304\n'),
});

const sysFolder = virtualDirectory(
  (machine) => ['kernel', ...listOf(sysctlFolder(''), machine)],
  (machine, name) => (name === 'kernel' ? kernelFolder : childOf(sysctlFolder(''), machine, name)),
);

const listOf = (inode: Inode, machine: Machine): readonly string[] =>
  inode.kind === 'virtual-directory' ? inode.list(machine) : [];
const childOf = (inode: Inode, machine: Machine, name: string): Inode | undefined =>
  inode.kind === 'virtual-directory' ? inode.get(machine, name) : undefined;

const nameOf = ({ argv }: Process): string => (argv[0] ?? '').replace(/^.*\//, '').slice(0, 15);

const processFolder = (machine: Machine, pid: number): Inode | undefined => {
  const process = machine.processes.get(pid);
  if (process === undefined) return undefined;
  return entries({
    cgroup: virtualFile(() =>
      machine.cgroupVersion === 2 ? `0::${process.controlGroup}\n` : `1:name=systemd:${process.controlGroup}\n`,
    ),
    cmdline: virtualFile(() => `${process.argv.join('\0')}\0`),
    comm: virtualFile(() => `${nameOf(process)}\n`),
    status: virtualFile(() => `Name:\t${nameOf(process)}\nPid:\t${process.pid}\nPPid:\t${process.parent?.pid ?? 0}\n`),
  });
};

const fixed: Readonly<Record<string, Inode>> = {
  uptime: virtualFile(
    (machine) => `${machine.uptimeSeconds().toFixed(2)} ${(machine.uptimeSeconds() * 1.8).toFixed(2)}\n`,
  ),
  meminfo: virtualFile(
    ({ memoryKiB }) => `MemTotal:        ${memoryKiB} kB\nMemFree:         ${Math.floor(memoryKiB * 0.7)} kB\n`,
  ),
  swaps: virtualFile(
    ({ swap }) =>
      `Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n${swap ? '/swapfile                               file\t\t1048572\t\t0\t\t-2\n' : ''}`,
  ),
  mounts: virtualFile((machine) => machine.mounts.text()),
  filesystems: virtualFile((machine) =>
    ['nodev\tproc', 'nodev\ttmpfs', '\text4', ...(machine.modules.has('overlay') ? ['nodev\toverlay'] : []), ''].join(
      '\n',
    ),
  ),
  sys: sysFolder,
  version: virtualFile(({ kernel }) => `Linux version ${kernel}\n`),
  net: entries({ tcp: virtualFile(() => ''), tcp6: virtualFile(() => '') }),
  self: entries({ mounts: link('/proc/mounts') }),
};

const procFolder = virtualDirectory(
  (machine) => [...Object.keys(fixed), ...machine.processes.all().map(({ pid }) => String(pid))],
  (machine, name) => fixed[name] ?? (/^\d+$/.test(name) ? processFolder(machine, Number(name)) : undefined),
);

const linkFolder = virtualDirectory(
  (machine) => [...machine.links.keys()],
  (machine, name) => {
    const mtu = machine.links.get(name);
    if (mtu === undefined) return undefined;
    return entries({ mtu: file(`${mtu}\n`, 0o644), ...(name.startsWith('veth') ? { master: link('../cni0') } : {}) });
  },
);

const controlGroups = virtualDirectory(
  ({ cgroupVersion }) => (cgroupVersion === 2 ? ['cgroup.controllers', 'cgroup.procs'] : ['cpu', 'memory', 'systemd']),
  ({ cgroupVersion }, name) => {
    if (cgroupVersion === 1) return ['cpu', 'memory', 'systemd'].includes(name) ? directory(0o555) : undefined;
    return ['cgroup.controllers', 'cgroup.procs'].includes(name)
      ? virtualFile(() => (name === 'cgroup.controllers' ? 'cpuset cpu io memory hugetlb pids\n' : ''))
      : undefined;
  },
);

export const proc = procFolder;
export const sys = entries({
  class: entries({ net: linkFolder }),
  fs: entries({ cgroup: controlGroups }),
});
