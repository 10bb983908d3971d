import type { Host } from '../adapters/ssh/types.js';
import { readyz } from '../adapters/kubernetes/readyz.js';
import { QuorateError } from '../model/failure.js';
import { errorText } from '../model/operator-error.js';
import type { ContextHost, OperationContext } from '../model/operation.js';
import type { Dependencies } from './dependencies.js';

export interface ControlPlane {
  readonly host: Host;
  readonly entry: ContextHost;
}

/** The control-plane hosts of the specification other than the target. */
export const peers = (context: OperationContext): readonly ContextHost[] =>
  context.controlPlane.filter((entry) => entry.name !== context.target.name);

/**
 * The first control-plane host, in the order of the specification, whose own API server is ready. There is no leading
 * host: each activity chooses anew, so that the loss of one host does not stop an operation.
 * @throws QuorateError ApiUnavailable with what each host said
 */
export const pickControlPlane = async (
  { hosts }: Dependencies,
  context: OperationContext,
  candidates: readonly ContextHost[] = peers(context),
): Promise<ControlPlane> => {
  const asked = await Promise.all(
    candidates.map(async (entry) => {
      const host = hosts.host(entry.name);
      try {
        const answer = await readyz(host, entry.address);
        return { entry, host, ready: answer.ready, because: answer.because ?? '' };
      } catch (error) {
        return { entry, host, ready: false, because: errorText(error) };
      }
    }),
  );
  const ready = asked.find((candidate) => candidate.ready);
  if (ready !== undefined) return { host: ready.host, entry: ready.entry };
  throw new QuorateError('ApiUnavailable', `no API server of ${context.cluster} is ready`, {
    remedy: `see \`quorate status\` and bring a control-plane host back, then retry`,
    evidence: asked.map(({ entry, because }) => `${entry.name}: ${because}`),
  });
};
