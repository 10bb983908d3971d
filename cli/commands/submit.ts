import { newIdempotencyKey } from '../../api/client/operation-id.js';
import type { OperationSummary } from '../../api/client/operation-summary.js';
import { requestedChange } from '../../api/client/requested-change.js';
import type { Verb } from '../../model/operations.js';
import { OperatorError } from '../../model/failures/operator-error.js';
import { withClient } from '../connect.js';
import { exitCodes } from '../exit-codes.js';
import { follow } from '../follow.js';
import { mayGoOn } from '../interrupt.js';
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

/** Hands `init` or `join` of a host to the cluster's queue, then shows it until it ends or blocks. */
export const submit = async (io: Io, verb: Verb, host: string, options: SubmitCommandOptions): Promise<number> => {
  const { text, warnings } = readSpecification(options.file);
  io.err(warningsText(warnings));
  const { by, key = newIdempotencyKey() } = options;
  const request = { specification: text, verb, host, key, by };
  // What does not fit is said before anybody is asked.
  const named = requestedChange(request, key).operation;
  return withClient(io, async (client) => {
    const again = `quorate ${verb} ${host} -f ${options.file} --key ${key}`;
    const result = await client
      .submit(request, { onWaiting: (why) => io.err(`no answer yet: ${why}; asking again with the same key\n`) })
      .catch((error: unknown) => {
        if (!(error instanceof OperatorError) || error.kind !== 'temporal-unreachable') throw error;
        const { message, evidence, remedy } = error;
        throw new OperatorError(error.kind, message, {
          evidence: [...evidence, `ask again for the same operation: ${again}`],
          remedy,
          cause: error,
        });
      })
      .catch(
        mayGoOn(
          `If it was taken, ${named} goes on.`,
          `see it: quorate operations watch ${named}`,
          `stop it: quorate cancel ${named}`,
          `ask for the same operation again: ${again}`,
        ),
      );
    const { operation, cluster, kind, position, workflowId } = result;
    if (!options.wait) {
      if (options.output === 'json') io.out(`${JSON.stringify(result, undefined, 2)}\n`);
      else {
        const place = position === 0 ? '' : `, ${position} before it`;
        io.out(
          `${operation} is in the queue of ${cluster}${place}. Watch it with: quorate operations watch ${operation}\n`,
        );
      }
      return exitCodes.done;
    }
    const since = new Date().toISOString();
    const summary: OperationSummary = { operation, cluster, kind, host, state: 'waiting', by, since, workflowId };
    return follow(client.watch(summary, { signal: io.signal }), io, { operation, output: options.output });
  });
};
