import { programAt } from '../shell/external.js';
import { nothing, Sink, TextDescription } from './description.js';
import type { Machine } from './machine.js';
import { Process, runProgram } from './process.js';

export interface ConsoleOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ConsoleOptions {
  readonly stdin?: string | Buffer;
  /** Milliseconds after which all of it is ended with code 124; default two minutes. */
  readonly timeoutMs?: number;
}

const bytes = (text: string | Buffer): string => Buffer.from(text).toString('latin1');
const readable = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

/** Runs a bash script as root on a host's console, without network and sshd. Code 255: the host is off. */
export const runOnConsole = async (
  machine: Machine,
  script: string,
  options: ConsoleOptions = {},
): Promise<ConsoleOutcome> => {
  if (!machine.isOn) return { code: 255, stdout: '', stderr: `${machine.name} is off` };
  let stdout = '';
  let stderr = '';
  const process = new Process({
    machine,
    parent: machine.systemd.init,
    argv: ['bash'],
    descriptors: new Map([
      [0, options.stdin === undefined ? nothing() : new TextDescription(bytes(options.stdin))],
      [1, new Sink((text) => (stdout += text))],
      [2, new Sink((text) => (stderr += text))],
    ]),
    environment: new Map([
      ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ['HOME', '/root'],
    ]),
    directory: '/',
    uid: 0,
    umask: 0o022,
    controlGroup: '/user.slice/console.scope',
  });
  const { program } = programAt(process, '/bin/bash');
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    process.killTree(9);
  }, options.timeoutMs ?? 120_000);
  const code = await runProgram(process, program, ['-c', bytes(script)]);
  clearTimeout(timer);
  return { code: timedOut ? 124 : code, stdout: readable(stdout), stderr: readable(stderr) };
};
