// The socket of the master process (`-S`; management.txt, "Master CLI").
import { answerRuntime, haproxyVersion } from './runtime.js';
import type { Running } from './runtime.js';

/** The master process, and the worker that it has now. One that was reloaded ends with its last connection: at once. */
export interface Master {
  readonly pid: number;
  readonly reloads: number;
  readonly startedAt: number;
  readonly running: Running | undefined;
}

const uptime = (startedAt: number): string => {
  const seconds = Math.floor((Date.now() - startedAt) / 1000);
  const two = (number: number): string => String(Math.floor(number)).padStart(2, '0');
  return `0d${two(seconds / 3600)}h${two((seconds / 60) % 60)}m${two(seconds % 60)}s`;
};

const columns = (...words: readonly string[]): string => words.map((word) => word.padEnd(15)).join(' ');

const processes = ({ pid, reloads, startedAt, running }: Master): string =>
  [
    columns('#<PID>', '<type>', '<reloads>', '<uptime>', '<version>'),
    columns(String(pid), 'master', `${reloads} [failed: 0]`, uptime(startedAt), haproxyVersion),
    '# workers',
    ...(running === undefined
      ? []
      : [columns(String(running.pid), 'worker', '0', uptime(running.startedAt), haproxyVersion)]),
    '# programs',
    '',
    '',
  ].join('\n');

/** Answers to the commands on one line. A command that begins with `@!PID` is the worker's. */
export const answerMaster = async (master: Master, line: string): Promise<string> => {
  let text = '';
  for (const command of line.split(';').map((part) => part.trim())) {
    const [, pid, rest = ''] = /^@!(\d+)\s*(.*)$/.exec(command) ?? [];
    if (command === 'quit') return text;
    if (command === 'show proc') text += processes(master);
    else if (pid === undefined) text += 'Unknown command, but maybe one of the following ones is a better match:\n';
    else if (master.running === undefined || Number(pid) !== master.running.pid)
      text += `Can't find the target PID matching the prefix '@!${pid}'\n`;
    else text += await answerRuntime(master.running, rest);
  }
  return text;
};
