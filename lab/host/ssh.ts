// Runs commands on a host as an operator would: through ssh, one new connection each time.
import { quote, run, type Outcome } from '../shell.js';
import { waitUntil } from '../wait.js';

export interface HostRunOptions {
  /** Who runs it; default root. `ops` may use sudo without a password. */
  user?: 'root' | 'ops';
  stdin?: string | Buffer;
  /** Default ten minutes. */
  timeoutMs?: number;
}

export interface SshAccess {
  configFile: string;
  host: string;
}

const DEFAULT_TIMEOUT_MS = 10 * 60_000;
/** A connection of its own each time, and no question ever. */
const OPTIONS = [
  'BatchMode=yes',
  'ControlMaster=no',
  'ControlPath=none',
  'LogLevel=ERROR',
  'ConnectTimeout=10',
  'ServerAliveInterval=10',
  'ServerAliveCountMax=6',
];

export function runOverSsh(access: SshAccess, script: string, options: HostRunOptions = {}): Promise<Outcome> {
  const settings = OPTIONS.flatMap((option) => ['-o', option]);
  const args = ['-F', access.configFile, '-l', options.user ?? 'root', '-T', ...settings];
  args.push(access.host, `bash -c ${quote(script)}`);
  return run('ssh', args, {
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
  });
}

export async function waitForSsh(access: SshAccess, timeoutMs: number): Promise<void> {
  let last: Outcome | undefined;
  const answered = await waitUntil(async () => {
    last = await runOverSsh(access, 'true', { timeoutMs: 5_000 });
    return last.code === 0;
  }, timeoutMs);
  if (!answered) {
    throw new Error(`${access.host} does not answer to ssh after ${timeoutMs} ms: ${last?.stderr.trim() ?? ''}`);
  }
}
