import type { Host } from '../../adapters/ssh/types.js';
import { peersOf } from '../../model/control-plane.js';
import { QuorateError } from '../../model/failures/failure.js';
import type { ContextHost, OperationContext } from '../../model/operation.js';
import { askControlPlane, pickControlPlane } from './control-plane.js';
import type { ControlPlane } from './control-plane.js';
import type { Dependencies } from '../dependencies.js';

/** Every control-plane host but the target whose own API server is ready. @throws QuorateError as `pickControlPlane` */
const survivors = async (dependencies: Dependencies, context: OperationContext): Promise<readonly ControlPlane[]> => {
  const ready = (await askControlPlane(dependencies, context, peersOf(context))).filter(({ answer }) => answer.ready);
  return ready.length > 0 ? ready : [await pickControlPlane(dependencies, context)];
};

/**
 * Does something at the first survivor, in the order of the specification, whose disk has room for it.
 * @throws QuorateError NoSpace with what each of them said; every other failure of the work ends it
 */
export const onFirstWithRoom = async <Result>(
  dependencies: Dependencies,
  context: OperationContext,
  work: (host: Host) => Promise<Result>,
): Promise<{ readonly entry: ContextHost; readonly result: Result }> => {
  const full: QuorateError[] = [];
  for (const { host, entry } of await survivors(dependencies, context)) {
    try {
      return { entry, result: await work(host) };
    } catch (error) {
      if (!(error instanceof QuorateError) || error.type !== 'NoSpace') throw error;
      full.push(error);
    }
  }
  const [first] = full;
  throw new QuorateError('NoSpace', full.map(({ message }) => message).join('; '), {
    ...(first?.details.host === undefined ? {} : { host: first.details.host }),
    remedy: first?.details.remedy ?? 'make room, then retry',
    evidence: full.flatMap(({ details }) => details.evidence),
  });
};
