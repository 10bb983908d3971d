import { QuorateError } from '../../model/failures/failure.js';
import { newMark } from '../script/sections.js';
import { requireSuccess } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';
import { runtimeErrorOf, sectionsOf } from './reading.js';
import { parseRuntime } from './runtime.js';
import { waitScript } from './wait-script.js';

export interface WaitOptions {
  /** Milliseconds; counted in whole seconds on the host. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Holds one command on a load balancer until its own health check of a server succeeds.
 * @throws QuorateError BackendNotUp, LoadBalancerUnavailable when the socket does not answer, Unreachable
 */
export const waitUntilUp = async (
  host: Host,
  backend: string,
  name: string,
  { timeoutMs, signal }: WaitOptions,
): Promise<void> => {
  const mark = newMark();
  const outcome = await host.run(waitScript(mark, backend, name, Math.ceil(timeoutMs / 1000)), {
    // The last look may hang for the socket's own deadline of 5 s, and so may the reading after it.
    timeoutMs: timeoutMs + 20_000,
    ...(signal === undefined ? {} : { signal }),
  });
  const sections = sectionsOf(host, requireSuccess(host, 'waiting for a backend', outcome), mark);
  if (sections.has('up')) return;
  const runtime = parseRuntime(sections.get('runtime') ?? '', backend);
  if (runtime === undefined) throw socketSilent(host, runtimeErrorOf(sections.get('runtime')));
  const server = runtime.servers.find((one) => one.name === name);
  const seconds = Math.round(timeoutMs / 1000);
  const seen =
    server === undefined
      ? 'it is not registered there'
      : `${server.status}, last check ${server.lastCheck === '' ? 'none yet' : server.lastCheck}`;
  throw new QuorateError('BackendNotUp', `${host.name} does not see ${name} UP within ${seconds} s: ${seen}`, {
    host: host.name,
    remedy:
      server?.admin === 'ready'
        ? `see what \`curl -k https://${server.address}:6443/readyz\` says on ${host.name}: it must be status 200 without credentials`
        : `it gets no checks before it is registered and enabled: retry that step`,
    evidence: runtime.servers.map((one) => `${one.name} ${one.address} ${one.status} ${one.lastCheck}`.trimEnd()),
  });
};

export const socketSilent = (host: Host, why: string): QuorateError =>
  new QuorateError(
    'LoadBalancerUnavailable',
    `the runtime socket of HAProxy on ${host.name} does not answer${why === '' ? '' : `: ${why}`}`,
    {
      host: host.name,
      remedy: `start HAProxy (\`systemctl status haproxy\` on ${host.name} says why it does not run), then retry`,
    },
  );
