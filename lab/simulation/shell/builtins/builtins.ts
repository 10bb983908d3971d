import { FileError } from '../../files/file-error.js';
import { joinPath } from '../../files/file-system.js';
import { signalNumber, signalNumbers } from '../../system/signals.js';
import { Exit, LoopControl, Return, ShellError } from '../control.js';
import { findProgram, runExternal } from '../external.js';
import type { Interpreter } from '../interpreter.js';
import { parseScript } from '../parse.js';
import { format, unescape } from './printf.js';
import { readLine } from './read.js';
import type { Shell } from '../shell.js';
import { test } from './test-command.js';
import { listenForSignals } from '../traps.js';

interface Call {
  readonly interpreter: Interpreter;
  readonly shell: Shell;
  /** As it was called. */
  readonly name: string;
  readonly args: readonly string[];
}

type Builtin = (call: Call) => number | Promise<number>;

const count = (shell: Shell, text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise;
  if (!/^\d+$/.test(text)) throw new ShellError(`Illegal number: ${text}`);
  return Number(text);
};

const setOptions = (shell: Shell, letters: string, on: boolean): void => {
  for (const letter of letters) {
    if (letter === 'e') shell.options.errexit = on;
    else if (letter === 'u') shell.options.nounset = on;
    else if (letter === 'f') shell.options.noglob = on;
  }
};

const set: Builtin = ({ shell, args }) => {
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      shell.positional = rest;
      return 0;
    }
    if (arg === '-o' || arg === '+o') {
      if (rest.shift() === 'pipefail') shell.options.pipefail = arg === '-o';
    } else if (/^[-+][a-z]+$/.test(arg)) setOptions(shell, arg.slice(1), arg.startsWith('-'));
    else {
      shell.positional = [arg, ...rest];
      return 0;
    }
  }
  return 0;
};

const exportNames: Builtin = ({ shell, args, name }) => {
  for (const arg of args) {
    if (arg.startsWith('-')) continue;
    const equals = arg.indexOf('=');
    const variable = equals === -1 ? arg : arg.slice(0, equals);
    if (equals !== -1) shell.set(variable, arg.slice(equals + 1));
    (name === 'export' ? shell.exported : shell.readonlyNames).add(variable);
  }
  return 0;
};

const trap: Builtin = ({ shell, args }) => {
  const [action = '', ...names] = args;
  const conditions = names.length === 0 ? [action] : names;
  for (const name of conditions) {
    const condition = name === '0' ? 'EXIT' : name.replace(/^SIG/, '');
    if (names.length === 0 || action === '-') shell.traps.delete(condition);
    else shell.traps.set(condition, action);
  }
  listenForSignals(shell);
  return 0;
};

/** Runs a command in place of the shell: nothing of the script comes after it, not even its traps. */
const exec: Builtin = async ({ shell, args }) => {
  const [name = '', ...rest] = args;
  shell.traps.clear();
  const { process } = shell;
  // The program has the shell's pid: what is sent there reaches the program.
  process.onSignal = undefined;
  const forget = process.onKill(() => {
    for (const child of process.children) child.kill(process.killedBy ?? signalNumbers.KILL);
  });
  try {
    throw new Exit(await runExternal(shell, name, rest, shell.environment()));
  } finally {
    forget();
  }
};

const shift: Builtin = ({ shell, args }) => {
  const by = count(shell, args[0], 1);
  if (by > shell.positional.length) throw new ShellError("shift: can't shift that many");
  shell.positional = shell.positional.slice(by);
  return 0;
};

const unset: Builtin = ({ shell, args }) => {
  for (const name of args) {
    if (args[0] === '-f') shell.functions.delete(name);
    else if (name !== '-v') {
      shell.variables.delete(name);
      shell.exported.delete(name);
    }
  }
  return 0;
};

const evaluate: Builtin = ({ interpreter, shell, args }) =>
  interpreter.statements(shell, parseScript(args.join(' ')).commands);

const source: Builtin = ({ interpreter, shell, args }) => {
  const path = args[0] ?? '';
  const text = shell.process.machine.files.read(joinPath(shell.process.directory, path));
  return interpreter.statements(shell, parseScript(text).commands);
};

const loopControl =
  (kind: 'break' | 'continue'): Builtin =>
  ({ shell, args }) => {
    if (shell.loops === 0) return 0;
    throw new LoopControl(kind, count(shell, args[0], 1));
  };

/** They change the shell itself: a failing redirection of theirs ends it, and assignments before them stay. */
export const specialBuiltins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', () => 0],
  ['break', loopControl('break')],
  ['continue', loopControl('continue')],
  ['.', source],
  ['eval', evaluate],
  ['exec', exec],
  [
    'exit',
    ({ shell, args }) => {
      throw new Exit(count(shell, args[0], shell.status) & 0xff);
    },
  ],
  ['export', exportNames],
  ['readonly', exportNames],
  [
    'return',
    ({ shell, args }) => {
      throw new Return(count(shell, args[0], shell.status));
    },
  ],
  ['set', set],
  ['shift', shift],
  ['trap', trap],
  ['unset', unset],
]);

const echo: Builtin = ({ shell, args }) => {
  const words = [...args];
  let newline = true;
  let escapes = shell.dialect === 'sh';
  while (words[0] !== undefined && (words[0] === '-n' || (shell.dialect === 'bash' && /^-[neE]+$/.test(words[0])))) {
    const option = words.shift() ?? '';
    if (option.includes('n')) newline = false;
    if (option.includes('e')) escapes = true;
  }
  const text = words.join(' ');
  const plain = escapes ? unescape(text) : { text, stop: false };
  shell.process.print(plain.text + (newline && !plain.stop ? '\n' : ''));
  return 0;
};

const printf: Builtin = ({ shell, args }) => {
  const words = args[0] === '--' ? args.slice(1) : args;
  const { text, problems } = format(words[0] ?? '', words.slice(1));
  shell.process.print(text);
  for (const problem of problems) shell.complain(`printf: ${problem}`);
  return problems.length === 0 ? 0 : 1;
};

const bracket: Builtin = ({ shell, name, args }) => {
  if (name === '[' && args.at(-1) !== ']') throw new ShellError('[: missing ]');
  try {
    return Number(!test(shell.process, name === '[' ? args.slice(0, -1) : args));
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    shell.complain(`[: ${error.message}`);
    return 2;
  }
};

const cd: Builtin = ({ shell, args }) => {
  const { process } = shell;
  const to = args.find((arg) => arg !== '--') ?? shell.get('HOME') ?? '/';
  try {
    const path = process.machine.files.resolve(joinPath(process.directory, to));
    if (!process.machine.files.isDirectory(path)) throw new FileError('ENOENT', to);
    process.directory = path;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    shell.complain(`cd: can't cd to ${to}`);
    return 2;
  }
  shell.set('PWD', process.directory);
  return 0;
};

const command: Builtin = async (call) => {
  const { shell, args } = call;
  const [first = '', ...rest] = args;
  if (first === '-v' || first === '-V') {
    const name = rest[0] ?? '';
    if (shell.functions.has(name) || builtins.has(name) || specialBuiltins.has(name)) {
      shell.process.print(`${name}\n`);
      return 0;
    }
    const path = findProgram(shell.process, name, shell.get('PATH'));
    if (path === undefined) return 127;
    shell.process.print(`${path}\n`);
    return 0;
  }
  const builtin = builtins.get(first) ?? specialBuiltins.get(first);
  if (builtin !== undefined) return builtin({ ...call, name: first, args: rest });
  return runExternal(shell, first, rest, shell.environment());
};

const wait: Builtin = async ({ shell, args }) => {
  const { process } = shell;
  if (args.length === 0) {
    await process.during(Promise.all([...shell.background].map((child) => child.whenEnded())));
    shell.background.clear();
    return 0;
  }
  let status = 127;
  for (const child of Array.from(shell.background)) {
    if (!args.includes(String(child.pid))) continue;
    status = await process.during(child.whenEnded());
    shell.background.delete(child);
  }
  return status;
};

const kill: Builtin = ({ shell, args }) => {
  let signal: number = signalNumbers.TERM;
  let status = 0;
  const words = [...args];
  if (words[0] === '-s') {
    signal = signalNumber(words[1] ?? '') ?? signal;
    words.splice(0, 2);
  } else if (words[0]?.startsWith('-') === true && words[0] !== '--') {
    const known = signalNumber(words.shift()?.slice(1) ?? '');
    if (known === undefined) throw new ShellError('kill: invalid signal');
    signal = known;
  }
  for (const word of words.filter((one) => one !== '--')) {
    const target = shell.process.machine.processes.get(Number(word));
    if (target === undefined) {
      shell.complain(`kill: No such process`);
      status = 1;
    } else target.kill(signal);
  }
  return status;
};

const umask: Builtin = ({ shell, args }) => {
  if (args[0] === undefined) shell.process.print(`${shell.process.umask.toString(8).padStart(4, '0')}\n`);
  else shell.process.umask = parseInt(args[0], 8);
  return 0;
};

const local: Builtin = ({ shell, args }) => {
  const hidden = shell.locals.at(-1);
  for (const arg of args) {
    const [name = '', ...value] = arg.split('=');
    hidden?.set(name, shell.variables.get(name));
    if (value.length > 0) shell.set(name, value.join('='));
  }
  return 0;
};

export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['true', () => 0],
  ['false', () => 1],
  ['echo', echo],
  ['printf', printf],
  ['[', bracket],
  ['test', bracket],
  ['cd', cd],
  ['command', command],
  ['kill', kill],
  ['local', local],
  [
    'pwd',
    ({ shell }) => {
      shell.process.print(`${shell.process.directory}\n`);
      return 0;
    },
  ],
  ['read', ({ shell, args }) => readLine(shell, args)],
  [
    'type',
    ({ shell, args }) => {
      const found = findProgram(shell.process, args[0] ?? '', shell.get('PATH'));
      if (found !== undefined) shell.process.print(`${args[0]} is ${found}\n`);
      return found === undefined ? 127 : 0;
    },
  ],
  ['umask', umask],
  ['wait', wait],
]);
