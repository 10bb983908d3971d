import { relative } from 'node:path';
import type { CommandEnd, CommandOutcome, Host, Hosts, RunOptions } from '../../../adapters/ssh/types.js';

/** What a host answered to one command, as it came. */
export interface RawAnswer {
  /** Part of the scenario in which it was asked. */
  readonly section: string;
  readonly host: string;
  /** Who sent it: file below the root of the repository, and function; see `senderOf`. */
  readonly sender: string;
  /** Line of that file. */
  readonly line: number;
  readonly script: string;
  /** Bytes of standard input; its content may be secret. */
  readonly stdinBytes: number;
  readonly end: CommandEnd;
  readonly stdout: string;
  readonly stderr: string;
}

/** What sends a command for somebody else: not the sender of it. */
export const pipes =
  /^(adapters\/ssh\/|adapters\/etcd\/failures\.ts|adapters\/kubernetes\/(run-kubectl|api-get)\.ts|test\/simulation\/answers\/recorder\.ts)/;

const frame = /^\s*at (?:async )?(?:(\S+) (?:\[as [^\]]+\] )?\()?(?:file:\/\/)?(\/[^)]+?):(\d+):\d+\)?$/;

/** The function of an adapter or an activity that sent a command, from the stack of the call. */
export const senderOf = (stack: string, root = process.cwd()): { sender: string; line: number } => {
  for (const text of stack.split('\n')) {
    const [, name = '', file = '', line = ''] = frame.exec(text) ?? [];
    const path = relative(root, file);
    if (file === '' || !/^(activities|adapters|test)\//.test(path) || pipes.test(path)) continue;
    return { sender: `${path} ${name.replace(/^.*\./, '')}`.trim(), line: Number(line) };
  }
  throw new Error(`nobody has sent this command:\n${stack}`);
};

export interface Recorder {
  readonly hosts: Hosts;
  readonly answers: readonly RawAnswer[];
  /** Part of the scenario that what follows belongs to. */
  section: string;
  /** Notes what came of something that is no command. */
  note(host: string, what: string, end: CommandEnd, text: string): void;
  /** Sends a command of the scenario's own. */
  ask(host: string, what: string, script: string): Promise<void>;
}

const callSite = () => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return senderOf(stack);
};

/** Hosts that note every command with its answer, in the order in which they were asked. */
export const recordHosts = (hosts: Hosts): Recorder => {
  const answers: RawAnswer[] = [];
  const recorder = { answers, section: '' };
  const send = async (
    host: Host,
    { sender, line }: { sender: string; line: number },
    script: string,
    options: RunOptions = {},
  ): Promise<CommandOutcome> => {
    const { section } = recorder;
    const place = answers.length;
    const stdinBytes = Buffer.byteLength(options.stdin ?? '');
    const asked = { section, host: host.name, sender, line, script, stdinBytes };
    answers.push({ ...asked, end: { kind: 'lost', cause: 'no answer yet' }, stdout: '', stderr: '' });
    const outcome = await host.run(script, options);
    const { end, stdout, stderr } = outcome;
    answers[place] = { ...asked, end, stdout, stderr };
    return outcome;
  };
  return Object.assign(recorder, {
    hosts: {
      host: (name: string): Host => ({
        name,
        run: (script, options) => send(hosts.host(name), callSite(), script, options),
      }),
      close: () => hosts.close(),
    },
    note: (host: string, what: string, end: CommandEnd, stdout: string) => {
      const { section } = recorder;
      answers.push({ section, host, sender: what, line: 0, script: '', stdinBytes: 0, end, stdout, stderr: '' });
    },
    ask: async (host: string, what: string, script: string) => {
      await send(hosts.host(host), { sender: `asked: ${what}`, line: 0 }, script, { timeoutMs: 120_000 });
    },
  });
};
