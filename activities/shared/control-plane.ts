import { setTimeout as sleep } from 'node:timers/promises';
import { readyz } from '../../adapters/kubernetes/readyz.js';
import type { Readyz } from '../../adapters/kubernetes/readyz.js';
import type { Host } from '../../adapters/ssh/types.js';
import { QuorateError } from '../../model/failures/failure.js';
import { peersOf } from '../../model/control-plane.js';
import type { ContextHost, OperationContext } from '../../model/operation.js';
import { errorText } from '../../model/failures/operator-error.js';
import { shortHash } from '../../model/preflight/ownership.js';
import type { Dependencies } from '../dependencies.js';

export interface ControlPlane {
  readonly host: Host;
  readonly entry: ContextHost;
}

/** A host of the specification under the name that the SSH configuration has for it. */
export const hostOf = ({ hosts }: Dependencies, entry: ContextHost): Host => hosts.host(entry.ssh ?? entry.name);

interface ControlPlaneAnswer extends Readyz {
  /** It has another CA than the cluster that the operation works on, and is not ready for it. */
  readonly isForeign?: true;
}

export interface AskedHost extends ControlPlane {
  readonly answer: ControlPlaneAnswer;
}

/** A host that has become part of another cluster answers as well as any, but says nothing about this one. */
const ofCluster = (
  { cluster, caHash }: Pick<OperationContext, 'cluster' | 'caHash'>,
  answer: Readyz,
): ControlPlaneAnswer =>
  caHash === undefined || answer.caHash === undefined || answer.caHash === caHash
    ? answer
    : {
        ...answer,
        ready: false,
        isForeign: true,
        because: `it carries another cluster than ${cluster} (CA ${shortHash(answer.caHash)}, not ${shortHash(caHash)})`,
      };

/** How long hosts that say nothing are waited for, milliseconds: an answer that takes 3 s, as of an API server that hangs. */
const silenceMs = 4_000;
/** And at least so long after the first one has answered. */
const afterFirstMs = 1_000;

/**
 * `/readyz` of each host's own API server, asked side by side; a host that does not answer is not ready. One that is off
 * must not hold up what the others have told, so it is not waited for until SSH gives up on it.
 * @param options.patient waits for each of them all the same: where silence would be taken for absence; default false
 */
export const askControlPlane = (
  dependencies: Dependencies,
  context: Pick<OperationContext, 'cluster' | 'caHash'>,
  candidates: readonly ContextHost[],
  { patient = false }: { readonly patient?: boolean } = {},
): Promise<AskedHost[]> => {
  const notReady = (because: string): Readyz => ({ initialised: false, ready: false, because });
  let answered: () => void = () => undefined;
  const wait = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false });
  const first = new Promise<void>((resolve) => (answered = resolve)).then(() => wait(afterFirstMs));
  const silent = Promise.all([first, wait(silenceMs)]).then(() =>
    notReady(`no answer over SSH within ${silenceMs / 1000} s, while another host answered`),
  );
  return Promise.all(
    candidates.map(async (entry) => {
      const host = hostOf(dependencies, entry);
      const asked = readyz(host, entry.address).then(
        (answer) => {
          answered();
          return ofCluster(context, answer);
        },
        (error: unknown) => notReady(errorText(error)),
      );
      return { entry, host, answer: await (patient ? asked : Promise.race([asked, silent])) };
    }),
  );
};

/**
 * The first control-plane host, in the order of the specification, whose own API server is ready. There is no leading
 * host: each activity chooses anew, so that the loss of one host does not stop an operation.
 * @param candidates default all but the target
 * @throws QuorateError ApiUnavailable with what each host said; ClusterMismatch when all carry another cluster by now
 */
export const pickControlPlane = async (
  dependencies: Dependencies,
  context: OperationContext,
  candidates: readonly ContextHost[] = peersOf(context),
): Promise<ControlPlane> => {
  const asked = await askControlPlane(dependencies, context, candidates);
  const ready = asked.find(({ answer }) => answer.ready);
  if (ready !== undefined) return { host: ready.host, entry: ready.entry };
  const evidence = asked.map(({ entry, answer }) => `${entry.name}: ${answer.because ?? 'not ready'}`);
  // As long as another one is merely silent, there is something to wait for.
  if (asked.length > 0 && asked.every(({ answer }) => answer.isForeign === true))
    throw new QuorateError(
      'ClusterMismatch',
      `${asked.map(({ entry }) => entry.name).join(', ')} carry another cluster by now than ${context.cluster} was`,
      {
        remedy: `see who made the cluster anew; \`abort\`, and begin again on the cluster as it is now`,
        evidence,
      },
    );
  throw new QuorateError('ApiUnavailable', `no API server of ${context.cluster} is ready`, {
    remedy: 'see `quorate status` and bring a control-plane host back, then retry',
    evidence,
  });
};
