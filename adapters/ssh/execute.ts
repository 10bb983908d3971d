import { QuorateError } from '../../model/failures/failure.js';
import type { CommandOutcome, Host, RunOptions } from './types.js';

const tail = (text: string, lines: number): string[] => text.trim().split('\n').slice(-lines);

/**
 * Runs a script and returns its standard output.
 * @throws QuorateError Unreachable when the connection was lost or the deadline passed, CommandFailed when it exited with another code than 0.
 */
export const execute = async (host: Host, what: string, script: string, options?: RunOptions): Promise<string> => {
  const outcome = await host.run(script, options);
  return requireSuccess(host, what, outcome);
};

/** The standard output of a command that exited with 0; otherwise a typed error that names what was tried. */
export const requireSuccess = (host: Host, what: string, outcome: CommandOutcome): string => {
  const { end } = outcome;
  if (end.kind === 'exited' && end.code === 0) return outcome.stdout;
  if (end.kind === 'lost' || end.kind === 'timeout' || end.kind === 'aborted') {
    const why = end.kind === 'lost' ? `the connection was lost (${end.cause})` : `no answer (${end.kind})`;
    throw new QuorateError('Unreachable', `${what} on ${host.name}: ${why}`, {
      host: host.name,
      remedy: `see that \`ssh ${host.name} true\` works from the worker's machine; the operation goes on by itself when it does`,
    });
  }
  const how = end.kind === 'exited' ? `exited with ${end.code}` : `was killed by ${end.signal}`;
  const last = tail(outcome.stderr, 1)[0] ?? '';
  throw new QuorateError(
    'CommandFailed',
    `${what} on ${host.name} ${how}${last === '' ? '' : `: ${last.slice(0, 300)}`}`,
    {
      host: host.name,
      remedy: `look at what it printed, mend the cause on ${host.name}, then retry`,
      evidence: [...tail(outcome.stderr, 12), ...tail(outcome.stdout, 5)].filter((line) => line !== ''),
    },
  );
};
