import { newIdempotencyKey, operationId } from '../../api/operation-id.js';
import type { OperationSummary } from '../../api/operation-summary.js';
import type { OperationKind } from '../../model/operation.js';
import { OperatorError } from '../../model/operator-error.js';
import { operationContext } from '../../model/specification/operation-context.js';
import type { Specification } from '../../model/specification/specification.js';
import { withClient } from '../connect.js';
import { exitCodes } from '../exit-codes.js';
import { follow } from '../follow.js';
import type { Io } from '../io.js';
import { readSpecification, warningsText } from '../specification.js';

export interface SubmitCommandOptions {
  readonly file: string;
  readonly output: 'text' | 'json';
  readonly by: string;
  /** The same key is the same operation; a new one when absent. */
  readonly key?: string;
  readonly wait: boolean;
}

/** A host joins in the way of its role; `operationContext` refuses the others with the reason. */
const joinKind = (specification: Specification, host: string): OperationKind =>
  specification.spec.hosts[host]?.role === 'control-plane' ? 'join-control-plane' : 'join-worker';

/** Hands `init` or `join` of a host to the cluster's queue, then shows it until it ends or blocks. */
export const submit = async (
  io: Io,
  verb: 'init' | 'join',
  host: string,
  options: SubmitCommandOptions,
): Promise<number> => {
  const { specification, warnings } = readSpecification(options.file);
  io.err(warningsText(warnings));
  const kind = verb === 'init' ? 'init' : joinKind(specification, host);
  const cluster = specification.metadata.name;
  const key = options.key ?? newIdempotencyKey();
  const operation = operationId({ cluster, kind, host }, key);
  const context = operationContext(specification, kind, host, { operation, round: 0 });
  return withClient(io, async (client) => {
    const again = `quorate ${verb} ${host} -f ${options.file} --key ${key}`;
    const result = await client
      .submit(
        { context, by: options.by },
        { onWaiting: (why) => io.err(`no answer yet: ${why}; asking again with the same key\n`) },
      )
      .catch((error: unknown) => {
        if (!(error instanceof OperatorError) || error.kind !== 'temporal-unreachable') throw error;
        const { message, evidence, remedy } = error;
        throw new OperatorError(error.kind, message, {
          evidence: [...evidence, `ask again for the same operation: ${again}`],
          remedy,
          cause: error,
        });
      });
    if (!options.wait) {
      if (options.output === 'json') io.out(`${JSON.stringify(result, undefined, 2)}\n`);
      else {
        const place = result.position === 0 ? '' : `, ${result.position} before it`;
        io.out(
          `${result.operation} is in the queue of ${cluster}${place}. Watch it with: quorate operations watch ${result.operation}\n`,
        );
      }
      return exitCodes.done;
    }
    const summary: OperationSummary = {
      operation,
      cluster,
      kind,
      host,
      state: 'waiting',
      by: options.by,
      since: new Date().toISOString(),
      workflowId: result.workflowId,
    };
    return follow(client.watch(summary, { signal: io.signal }), io, { output: options.output });
  });
};
