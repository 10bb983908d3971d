import { QuorateError } from '../../model/failures/failure.js';
import { newMark } from '../script/sections.js';
import { requireSuccess } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';
import { configurationFile } from './configuration.js';
import { isDone, type Decision, type Wish } from './decide.js';
import { olderNote, parseOlder } from './older-processes.js';
import { runtimeErrorOf, sectionsOf } from './reading.js';
import { parseRuntime, type Runtime } from './runtime.js';
import { writeScript } from './write-script.js';

const linesOf = (text: string | undefined): string[] => (text ?? '').split('\n').filter((line) => line.trim() !== '');

const stateOf = (runtime: Runtime, wish: Wish): string => {
  const server = runtime.servers.find(({ name }) => name === wish.name);
  return server === undefined ? `${wish.name} is not in it` : `${wish.name} is ${server.status} (${server.admin})`;
};

/** What became of a decision: `changed` when the file was no longer the one that was read, and nothing was done. */
type Applied =
  | { readonly kind: 'changed' }
  | {
      readonly kind: 'done';
      /** What older processes held to the server, or hold; empty when nothing. */ readonly older: string;
    };

/**
 * Does on a host what was decided, and proves it by HAProxy's own words.
 * @throws QuorateError Unreachable, CommandFailed (HAProxy refuses the file, which stays as it was),
 *   LoadBalancerUnavailable (HAProxy does not run what it was given)
 */
export const applyDecision = async (host: Host, decision: Decision, wish: Wish): Promise<Applied> => {
  if (decision.write === undefined) return { kind: 'done', older: '' };
  const mark = newMark();
  const outcome = await host.run(writeScript(mark, decision.write), {
    timeoutMs: 120_000,
    ...(decision.file === undefined ? {} : { stdin: decision.file }),
  });
  const sections = sectionsOf(host, requireSuccess(host, 'configuring HAProxy', outcome), mark);
  if (sections.has('changed')) return { kind: 'changed' };
  if (sections.has('cut')) {
    throw new QuorateError('Unreachable', `the new configuration did not reach ${host.name} whole; the old one stays`, {
      host: host.name,
      remedy: `see that \`ssh ${host.name} true\` works from the worker's machine; the operation goes on by itself when it does`,
    });
  }
  if (sections.has('invalid')) {
    throw new QuorateError(
      'CommandFailed',
      `HAProxy on ${host.name} refuses the new configuration; the old one stays`,
      {
        host: host.name,
        remedy: `compare \`haproxy -v\` on ${host.name} with 2.6, which Quorate is tested with, then retry`,
        evidence: linesOf(sections.get('invalid')),
      },
    );
  }
  const runtime = parseRuntime(sections.get('runtime') ?? '', decision.configuration.backend);
  if (isDone(runtime, decision.revision, wish)) {
    const [held, older] = [parseOlder(sections.get('held')), parseOlder(sections.get('older'))];
    return { kind: 'done', older: olderNote(wish.name, host.name, held, older) };
  }
  const evidence = ['boot', 'before', 'reload', 'journal', 'after'].flatMap((section) =>
    linesOf(sections.get(section)),
  );
  // HAProxy's own word for why it does not start, such as a port that is taken.
  const alert = evidence.find((line) => line.startsWith('[ALERT]'))?.replace(/^\[ALERT\]\s+\(\d+\) : /, '');
  const why =
    runtime?.revision === decision.revision
      ? stateOf(runtime, wish)
      : (alert ??
        (runtime === undefined
          ? `its runtime socket does not answer: ${runtimeErrorOf(sections.get('runtime'))}`
          : `it still runs another configuration than ${configurationFile}`));
  throw new QuorateError('LoadBalancerUnavailable', `HAProxy on ${host.name} does not do what it was told: ${why}`, {
    host: host.name,
    remedy: `see \`systemctl status haproxy\` and \`journalctl -u haproxy\` on ${host.name}; what it was told is in ${configurationFile}, and a retry goes on from there`,
    evidence,
  });
};
