import { QuorateError } from '../../model/failures/failure.js';
import type { FailureType } from '../../model/failures/failure.js';
import { requireSuccess } from '../ssh/execute.js';
import type { CommandOutcome, Host, RunOptions } from '../ssh/types.js';

// Texts of etcd 3.4 to 3.7 as etcdctl prints them; the order matters where one contains another.
const known: readonly (readonly [RegExp, FailureType, string])[] = [
  [/no space left on device/i, 'NoSpace', 'make room on the disk that is named, then retry'],
  [
    /unhealthy cluster/,
    'EtcdUnhealthy',
    'a voter is down or joined less than 5 s ago: bring every member back (`quorate status`), then retry',
  ],
  [
    /too many learner members/,
    'EtcdUnhealthy',
    'a learner that belongs to no operation is pending: remove it with etcdctl, then retry',
  ],
  [/not enough started members/, 'QuorumAtRisk', 'the last started member cannot be removed'],
  [
    /no leader|context deadline exceeded|connection refused|connection error|i\/o timeout|EOF|leader changed|request timed out|no running etcd container|transport is closing/i,
    'EtcdUnavailable',
    'see `quorate status`; it is tried again by itself for a while',
  ],
];

/**
 * Runs a script of etcdctl commands.
 * @throws QuorateError EtcdUnavailable, EtcdUnhealthy, QuorumAtRisk, NoSpace by etcd's own words; otherwise as `execute`
 */
export const runEtcdctl = async (host: Host, what: string, script: string, options?: RunOptions): Promise<string> =>
  requireEtcdctl(host, what, await host.run(script, options));

/** The standard output of a script of etcdctl commands that succeeded. @throws QuorateError as `runEtcdctl` */
export const requireEtcdctl = (host: Host, what: string, outcome: CommandOutcome): string => {
  const { end, stderr } = outcome;
  if (end.kind === 'exited' && end.code !== 0) {
    const match = known.find(([text]) => text.test(stderr));
    if (match !== undefined) {
      // The client's own log, one line of JSON for each try, says the same at length.
      const lines = stderr.trim().split('\n');
      const plain = lines.filter((line) => !line.startsWith('{"level":'));
      const evidence = (plain.length > 0 ? plain : lines).slice(-5);
      const last = evidence.at(-1) ?? '';
      throw new QuorateError(match[1], `${what} at ${host.name}: ${errorText(last)}`, {
        host: host.name,
        remedy: match[2],
        evidence,
      });
    }
  }
  return requireSuccess(host, what, outcome);
};

/** The message in etcdctl's line of JSON, or the line. */
const errorText = (line: string): string =>
  /"error":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line.replace(/^Error: /, '').slice(0, 300);
