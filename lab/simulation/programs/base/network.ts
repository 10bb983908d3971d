import type { Program } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';

/** `ss -ltn`: sockets that listen, with their processes for `-p`. */
export const ss: Program = (process, args) => {
  const { flags, operands } = parseOptions(args);
  const { machine } = process;
  const port = /sport\s*=\s*:?(\d+)/.exec(operands.join(' '))?.[1];
  if (!flags.has('H')) process.print('State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n');
  for (const listener of [...machine.listeners].sort((a, b) => a.port - b.port)) {
    if (port !== undefined && listener.port !== Number(port)) continue;
    const { process: holder, name } = listener;
    const program = name ?? (holder.argv[0] ?? '').replace(/^.*\//, '');
    const users = flags.has('p') ? ` users:(("${program}",pid=${holder.pid},fd=7))` : '';
    const address = listener.address.includes(':') ? `[${listener.address}]` : listener.address;
    const peer = listener.address === '*' ? '*:*' : '0.0.0.0:*';
    process.print(`LISTEN 0      4096   ${`${address}:${listener.port}`.padEnd(20)} ${peer.padEnd(17)}${users}\n`);
  }
  return 0;
};

/** As a link whose hardware address holds the host's has it. */
const linkLocal = (address: string): string => {
  const bytes = address.split('.').map(Number);
  const hex = (high = 0, low = 0): string => ((high << 8) | low).toString(16);
  return `fe80::${hex(bytes[0], 0xff)}:fe${hex(0, bytes[1]).padStart(2, '0')}:${hex(bytes[2], bytes[3])}`;
};

export const ip: Program = (process, args) => {
  const { machine } = process;
  const words = args.filter((arg) => !arg.startsWith('-'));
  const [object = '', verb = 'show', ...rest] = words;
  const link = (name: string): string => `${[...machine.links.keys()].indexOf(name) + 1}: ${name}`;
  if (/^a(ddr(ess)?)?$/.test(object)) {
    process.print(
      `1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever\n`,
    );
    const extra = [
      ...machine.extraAddresses,
      ...(machine.routedAddress === undefined ? [] : [machine.routedAddress]),
    ].map(
      (address) =>
        `${link('eth0')}    inet ${address}/32 scope global eth0\\       valid_lft forever preferred_lft forever\n`,
    );
    process.print(
      `${link('eth0')}    inet ${machine.address}/24 scope global eth0\\       valid_lft forever preferred_lft forever\n${extra.join('')}${link('eth0')}    inet6 ${linkLocal(machine.address)}/64 scope link \\       valid_lft forever preferred_lft forever\n`,
    );
    return 0;
  }
  if (/^r(oute)?$/.test(object) && verb === 'get') {
    const [to = ''] = rest;
    const own = to === machine.address || to.startsWith('127.');
    process.print(
      own
        ? `local ${to} dev lo src ${to} uid 0 \\    cache <local> \n`
        : `${to} dev eth0 src ${machine.address} uid 0 \\    cache \n`,
    );
    return 0;
  }
  if (/^l(ink)?$/.test(object)) {
    if (verb === 'delete' || verb === 'del') {
      const name = rest.find((word) => word !== 'dev') ?? '';
      if (machine.links.delete(name)) return 0;
      process.complain(`Cannot find device "${name}"\n`);
      return 1;
    }
    if (verb === 'add') {
      machine.links.set(
        rest.find((word) => !['name', 'type', 'bridge', 'dummy', 'veth', 'dev'].includes(word)) ?? '',
        1450,
      );
      return 0;
    }
    for (const [name, mtu] of machine.links) process.print(`${link(name)}: <UP,LOWER_UP> mtu ${mtu} state UP\n`);
    return 0;
  }
  return 0;
};

/** `ping -c 1 -W SECONDS`: answered by a host that is on and hears it. */
export const ping: Program = async (process, args) => {
  const { values, operands } = parseOptions(args, 'cWlsMiI');
  const { machine } = process;
  const address = machine.network.resolve(operands.at(-1) ?? '');
  if (address === undefined) {
    process.complain(`ping: ${operands.at(-1)}: Name or service not known\n`);
    return 2;
  }
  const target =
    address === machine.address || address.startsWith('127.') ? machine : machine.world.network.at(address);
  const large = values.get('M') === 'do' ? Number(values.get('s') ?? 56) + 28 : 0;
  const heard =
    target !== undefined &&
    !target.isFrozen &&
    machine.network.reaches(machine, target, 0) &&
    large <= Math.min(machine.pathMtu, target.pathMtu);
  if (heard) return 0;
  await process.sleep(Number(values.get('W') ?? 10) * 1000);
  return 1;
};

export const getent: Program = (process, [database, name = '']) => {
  if (database !== 'hosts' && database !== 'ahosts' && database !== 'ahostsv4') return 2;
  const address = process.machine.network.resolve(name);
  if (address === undefined) return 2;
  process.print(database === 'hosts' ? `${address}       ${name}\n` : `${address}     STREAM ${name}\n`);
  return 0;
};

/** `modprobe`: what the kernel was built with is there. */
export const modprobe: Program = (process, args) => {
  const { operands } = parseOptions(args);
  for (const module of operands) {
    if (['overlay', 'br_netfilter', 'nf_conntrack'].includes(module)) process.machine.modules.add(module);
    else {
      process.complain(
        `modprobe: FATAL: Module ${module} not found in directory /lib/modules/${process.machine.kernel}\n`,
      );
      return 1;
    }
  }
  return 0;
};

export const umount: Program = (process, args) => {
  const { flags, operands } = parseOptions(args);
  let status = 0;
  for (const path of operands) {
    const answer = process.machine.mounts.remove(path, flags.has('l') || flags.has('lazy'));
    if (answer === 'done') continue;
    process.complain(answer === 'busy' ? `umount: ${path}: target is busy.\n` : `umount: ${path}: not mounted.\n`);
    status = 32;
  }
  return status;
};

export const mount: Program = (process, args) => {
  const { values, operands } = parseOptions(args, 'to');
  const path = operands.at(-1);
  if (path === undefined) {
    process.print(process.machine.mounts.text());
    return 0;
  }
  const type = values.get('t') ?? 'none';
  process.machine.mounts.add(path, { type, device: operands[0] ?? 'none' });
  return 0;
};
