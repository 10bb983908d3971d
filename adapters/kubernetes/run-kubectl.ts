import { QuorateError } from '../../model/failures/failure.js';
import { requireSuccess } from '../ssh/execute.js';
import type { Host, RunOptions } from '../ssh/types.js';
import { saysUnavailable } from './kubectl.js';

/**
 * Runs a script of kubectl commands.
 * @throws QuorateError ApiUnavailable when the API server did not answer; otherwise as `execute`
 */
export const runKubectl = async (host: Host, what: string, script: string, options?: RunOptions): Promise<string> => {
  const outcome = await host.run(script, options);
  const { end, stderr } = outcome;
  if (end.kind === 'exited' && end.code !== 0 && saysUnavailable(stderr)) {
    throw new QuorateError('ApiUnavailable', `${what}: the API server of ${host.name} did not answer`, {
      host: host.name,
      remedy: 'see `quorate status`; it is tried again by itself for a while',
      evidence: stderr.trim().split('\n').slice(-5),
    });
  }
  return requireSuccess(host, what, outcome);
};
