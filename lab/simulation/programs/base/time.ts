import { findProgram, programAt, spawn } from '../../shell/external.js';
import { runProgram } from '../../system/process.js';
import type { Program } from '../../system/process.js';
import { signalNumber, signalNumbers } from '../../system/signals.js';
import { parseOptions } from '../../text/input.js';

const two = (number: number): string => String(number).padStart(2, '0');
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A date in the format of `date`; hosts keep UTC. */
const formatDate = (template: string, milliseconds: number): string => {
  const date = new Date(Math.floor(milliseconds));
  const nanoseconds = String(Math.floor((milliseconds % 1000) * 1e6)).padStart(9, '0');
  return template.replaceAll(/%(-?\d*)([a-zA-Z%])/g, (whole, width: string, letter: string) => {
    switch (letter) {
      case 's':
        return String(Math.floor(milliseconds / 1000));
      case 'N':
        return nanoseconds.slice(0, width === '' ? 9 : Number(width));
      case 'Y':
        return String(date.getUTCFullYear());
      case 'm':
        return two(date.getUTCMonth() + 1);
      case 'd':
        return two(date.getUTCDate());
      case 'H':
        return two(date.getUTCHours());
      case 'M':
        return two(date.getUTCMinutes());
      case 'S':
        return two(date.getUTCSeconds());
      case 'F':
        return date.toISOString().slice(0, 10);
      case 'T':
        return date.toISOString().slice(11, 19);
      case 'Z':
        return 'UTC';
      case 'z':
        return '+0000';
      case 'a':
        return days[date.getUTCDay()] ?? '';
      case 'b':
        return months[date.getUTCMonth()] ?? '';
      case 'e':
        return String(date.getUTCDate()).padStart(2);
      case '%':
        return '%';
      default:
        return whole;
    }
  });
};

export const date: Program = (process, args) => {
  const { values, operands, flags } = parseOptions(args, 'ds', ['date', 'set']);
  const { machine } = process;
  const set = values.get('s') ?? values.get('set');
  if (set !== undefined) {
    const wanted = set.startsWith('@') ? Number(set.slice(1)) * 1000 : Date.parse(set);
    if (Number.isNaN(wanted)) {
      process.complain(`date: invalid date '${set}'\n`);
      return 1;
    }
    machine.clockOffsetMs += wanted - machine.now();
  }
  const given = values.get('d') ?? values.get('date');
  let at = machine.preciseNow();
  if (given !== undefined) {
    const relative = /^([+-]?\s*\d+)\s*(second|sec|minute|min|hour|day)s?(\s+ago)?$/.exec(given.trim());
    const units: Readonly<Record<string, number>> = { second: 1, sec: 1, minute: 60, min: 60, hour: 3600, day: 86_400 };
    if (given.startsWith('@')) at = Number(given.slice(1)) * 1000;
    else if (relative !== null)
      at +=
        Number(relative[1]?.replaceAll(' ', '')) *
        (units[relative[2] ?? ''] ?? 1) *
        1000 *
        (relative[3] === undefined ? 1 : -1);
    else at = Date.parse(given);
  }
  const template = operands.find((one) => one.startsWith('+'))?.slice(1);
  const iso = flags.has('I') || flags.has('iso-8601');
  process.print(`${formatDate(template ?? (iso ? '%FT%T%z' : '%a %b %e %T %Z %Y'), at)}\n`);
  return 0;
};

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const seconds = (text: string): number => {
  const [, number = '0', unit = 's'] = /^([\d.]+)([smhd]?)$/.exec(text) ?? [];
  return Number(number) * (units[unit] ?? 1);
};

export const sleep: Program = async (process, args) => {
  await process.sleep(args.reduce((sum, arg) => sum + seconds(arg), 0) * 1000);
  return 0;
};

/** `timeout`: ends the command and all that it started. */
export const timeout: Program = async (process, args) => {
  const rest = [...args];
  let signal: number = signalNumbers.TERM;
  let killAfter: number | undefined;
  while (rest[0]?.startsWith('-') === true) {
    const option = rest.shift() ?? '';
    if (option === '-s') signal = signalNumber(rest.shift() ?? '') ?? signal;
    else if (option.startsWith('--signal=')) signal = signalNumber(option.slice(9)) ?? signal;
    else if (option === '-k') killAfter = seconds(rest.shift() ?? '');
    else if (option.startsWith('--kill-after=')) killAfter = seconds(option.slice(13));
  }
  const limit = seconds(rest.shift() ?? '0');
  const [name = '', ...words] = rest;
  const path = findProgram(process, name, process.environment.get('PATH'));
  if (path === undefined) {
    process.complain(`timeout: failed to run command '${name}': No such file or directory\n`);
    return 127;
  }
  const child = spawn({ parent: process, argv: rest, environment: process.environment });
  const { program, args: more } = programAt(child, path);
  let timedOut = false;
  const timers: NodeJS.Timeout[] = [];
  const late = (): void => {
    timedOut = true;
    child.killTree(signal);
    if (killAfter !== undefined) timers.push(setTimeout(() => child.killTree(signalNumbers.KILL), killAfter * 1000));
  };
  // 0 is no limit.
  if (limit > 0) timers.push(setTimeout(late, limit * 1000));
  // Who ends `timeout` ends the command.
  const forget = process.onKill(() => child.killTree(process.killedBy ?? signalNumbers.TERM));
  try {
    const status = await runProgram(child, program, [...more, ...words]);
    return timedOut ? 124 : status;
  } finally {
    timers.forEach(clearTimeout);
    forget();
  }
};
