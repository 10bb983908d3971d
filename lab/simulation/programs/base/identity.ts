import { findProgram, programAt, spawn } from '../../shell/external.js';
import { runProgram } from '../../system/process.js';
import type { Program } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';

const names: Readonly<Record<number, string>> = { 0: 'root', 1000: 'ops' };
const nameOf = (uid: number): string => names[uid] ?? String(uid);

export const id: Program = (process, args) => {
  const { flags } = parseOptions(args);
  const { uid } = process;
  if (flags.has('u') || flags.has('g')) process.print(`${flags.has('n') ? nameOf(uid) : uid}\n`);
  else process.print(`uid=${uid}(${nameOf(uid)}) gid=${uid}(${nameOf(uid)}) groups=${uid}(${nameOf(uid)})\n`);
  return 0;
};

export const whoami: Program = (process) => {
  process.print(`${nameOf(process.uid)}\n`);
  return 0;
};

export const uname: Program = (process, args) => {
  const { flags } = parseOptions(args);
  const { kernel, architecture, hostname: name } = process.machine;
  const all = flags.has('a');
  const parts = [
    ...(all || flags.has('s') || flags.size === 0 ? ['Linux'] : []),
    ...(all || flags.has('n') ? [name] : []),
    ...(all || flags.has('r') ? [kernel] : []),
    ...(all || flags.has('v') ? ['#1 SMP Debian'] : []),
    ...(all || flags.has('m') ? [architecture] : []),
    ...(all ? ['GNU/Linux'] : []),
  ];
  process.print(`${parts.join(' ')}\n`);
  return 0;
};

export const nproc: Program = (process) => {
  process.print(`${process.machine.cpus}\n`);
  return 0;
};

export const getconf: Program = (process, [name]) => {
  const values: Readonly<Record<string, number>> = { _NPROCESSORS_ONLN: process.machine.cpus, PAGE_SIZE: 4096 };
  const value = values[name ?? ''];
  if (value === undefined) return 1;
  process.print(`${value}\n`);
  return 0;
};

/** `hostname` shows the kernel's name of the host; with a name root sets it, until the host starts anew. */
export const hostname: Program = (process, args) => {
  const [name] = parseOptions(args).operands;
  if (name === undefined) {
    process.print(`${process.machine.hostname}\n`);
    return 0;
  }
  if (process.uid !== 0) {
    process.complain('hostname: you must be root to change the host name\n');
    return 1;
  }
  process.machine.hostname = name;
  return 0;
};

/** `hostnamectl [hostname]` shows it, `hostnamectl set-hostname NAME` changes it for good. */
export const hostnamectl: Program = (process, args) => {
  const { machine } = process;
  const [verb = 'hostname', name] = parseOptions(args).operands;
  if (!['hostname', 'set-hostname'].includes(verb)) {
    process.complain(`Unknown command verb ${verb}.\n`);
    return 1;
  }
  if (name === undefined) {
    process.print(`${machine.hostname}\n`);
    return 0;
  }
  machine.files.write('/etc/hostname', `${name}\n`);
  machine.hostname = name;
  return 0;
};

/** Of Debian's sudoers file. */
const securePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `sudo -n`: the login of the hosts may become root without a password, unless its file in sudoers.d is gone. */
export const sudo: Program = async (process, args) => {
  const rest = [...args];
  while (rest[0]?.startsWith('-') === true) {
    const option = rest.shift();
    if (option === '--') break;
    if (option === '-u') rest.shift();
  }
  if (process.uid !== 0 && !process.machine.files.exists('/etc/sudoers.d/ops')) {
    process.complain('sudo: a password is required\n');
    return 1;
  }
  const path = findProgram(process, rest[0] ?? '');
  if (path === undefined) {
    process.complain(`sudo: ${rest[0]}: command not found\n`);
    return 1;
  }
  const environment = new Map([
    ...process.environment,
    ['PATH', securePath],
    ['USER', 'root'],
    ['HOME', '/root'],
    ['LOGNAME', 'root'],
  ]);
  const child = spawn({ parent: process, argv: rest, environment, uid: 0 });
  const { program, args: more } = programAt(child, path);
  return process.during(runProgram(child, program, [...more, ...rest.slice(1)]));
};

export const env: Program = async (process, args) => {
  const environment = new Map(process.environment);
  const rest = [...args];
  while (rest[0] !== undefined) {
    if (rest[0] === '-i') environment.clear();
    else if (rest[0] === '-u') environment.delete((rest.shift(), rest[0] ?? ''));
    else if (rest[0].includes('='))
      environment.set(rest[0].slice(0, rest[0].indexOf('=')), rest[0].slice(rest[0].indexOf('=') + 1));
    else if (rest[0] !== '--') break;
    rest.shift();
  }
  if (rest.length === 0) {
    process.print([...environment].map(([name, value]) => `${name}=${value}\n`).join(''));
    return 0;
  }
  const path = findProgram(process, rest[0] ?? '', environment.get('PATH'));
  if (path === undefined) {
    process.complain(`env: '${rest[0]}': No such file or directory\n`);
    return 127;
  }
  const child = spawn({ parent: process, argv: rest, environment });
  const { program, args: more } = programAt(child, path);
  return process.during(runProgram(child, program, [...more, ...rest.slice(1)]));
};
