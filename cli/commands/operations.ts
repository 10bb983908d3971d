import type { ListFilter } from '../../api/client/find-operations.js';
import { hasEnded } from '../../api/client/operation-summary.js';
import type { DecisionAction } from '../../model/progress.js';
import { withClient } from '../connect.js';
import { exitCodes } from '../exit-codes.js';
import { follow } from '../follow.js';
import { blockedText } from '../format/blocked.js';
import { endText, operationLines } from '../format/operation.js';
import { operationsTable } from '../format/operations-table.js';
import { printable } from '../format/text.js';
import { mayGoOn } from '../interrupt.js';
import type { Io } from '../io.js';

export interface OutputOptions {
  readonly output: 'text' | 'json';
}
export type ListCommandOptions = OutputOptions & ListFilter;
export type WatchCommandOptions = OutputOptions & { readonly throughBlocks: boolean };

export const list = (io: Io, { output, ...filter }: ListCommandOptions): Promise<number> =>
  withClient(io, async (client) => {
    const found = await client.list(filter);
    const { operations, notes, nextPageToken } = found;
    for (const note of notes) io.err(`note: ${printable(note)}\n`);
    if (output === 'json') io.out(`${JSON.stringify(found, undefined, 2)}\n`);
    else if (operations.length === 0) io.err('No operations.\n');
    else io.out(operationsTable(operations, Date.now()));
    if (output === 'text' && nextPageToken !== undefined) {
      io.err(`note: there are more; see them with a greater --limit, or with --page-token ${nextPageToken}\n`);
    }
    return exitCodes.done;
  });

export const show = (io: Io, operation: string, { output }: OutputOptions): Promise<number> =>
  withClient(io, async (client) => {
    const view = await client.view(await client.find(operation, 'not-ended'));
    if (output === 'json') {
      io.out(`${JSON.stringify(view, undefined, 2)}\n`);
      return exitCodes.done;
    }
    const { progress, summary } = view;
    io.out(`${operationLines(view, { now: Date.now() }).join('\n')}\n`);
    for (const line of progress?.plan ?? []) io.out(`Plan: ${printable(line)}\n`);
    for (const { action, by, reason, at } of progress?.decisions ?? []) {
      io.out(`${printable(`Decision: ${action} by ${by} at ${at}${reason === '' ? '' : ` (${reason})`}`)}\n`);
    }
    if (summary.by !== undefined) io.out(`${printable(`Asked for by ${summary.by} at ${summary.since}`)}\n`);
    if (summary.runId !== undefined) io.out(`${printable(`Workflow ${summary.workflowId}, run ${summary.runId}`)}\n`);
    if (hasEnded(summary.state)) io.out(endText(view));
    if (summary.state === 'blocked') io.out(blockedText(view));
    return exitCodes.done;
  });

export const watch = (io: Io, operation: string, options: WatchCommandOptions): Promise<number> =>
  withClient(io, async (client) => {
    const found = await client.find(operation, 'not-ended');
    return follow(client.watch(found, { signal: io.signal }), io, {
      operation: found.operation,
      output: options.output === 'json' ? 'json-lines' : 'text',
      throughBlocks: options.throughBlocks,
    });
  });

export interface DecideCommandOptions extends OutputOptions {
  readonly by: string;
  readonly reason: string;
  readonly wait: boolean;
  /** Number of the question that is answered. */
  readonly about?: number;
}

const accepted = (io: Io, { output }: OutputOptions, text: string, facts: object): void => {
  if (output === 'text') io.out(`${text}\n`);
  else io.out(`${JSON.stringify(facts, undefined, 2)}\n`);
};

export const decide = (io: Io, typed: string, action: DecisionAction, options: DecideCommandOptions): Promise<number> =>
  withClient(io, async (client) => {
    const { by, reason, about } = options;
    const found = await client.find(typed, 'blocked');
    const { operation } = found;
    await client
      .decide(found, { action, by, reason, ...(about === undefined ? {} : { about }) })
      .catch(
        mayGoOn(
          `If the decision ${action} was taken, ${operation} goes on with it.`,
          `see it: quorate operations show ${operation}`,
        ),
      );
    if (!options.wait) {
      accepted(io, options, `${operation}: ${action} accepted. Watch it with: quorate operations watch ${operation}`, {
        operation,
        action,
        accepted: true,
      });
      return exitCodes.done;
    }
    if (options.output === 'text') io.out(`${operation}: ${action} accepted\n`);
    return follow(client.watch(found, { signal: io.signal }), io, {
      operation,
      output: options.output,
      ...(action === 'rollback' ? { wanted: 'rolled-back' } : action === 'abort' ? { wanted: 'aborted' } : {}),
    });
  });

export const cancel = (io: Io, typed: string, options: Omit<DecideCommandOptions, 'about'>): Promise<number> =>
  withClient(io, async (client) => {
    const { by, reason } = options;
    const found = await client.find(typed, 'not-ended');
    const { operation } = found;
    const result = await client
      .cancel(found, { by, reason })
      .catch(
        mayGoOn(
          `If the cancel was taken, ${operation} undoes what it did.`,
          `see it: quorate operations watch ${operation}`,
        ),
      );
    if (result === 'withdrawn' || !options.wait) {
      const text =
        result === 'withdrawn'
          ? `${operation} was withdrawn before it began`
          : `${operation}: cancel sent; it undoes what it did. Watch it with: quorate operations watch ${operation}`;
      accepted(io, options, text, { operation, result });
      return exitCodes.done;
    }
    if (options.output === 'text') io.out(`${operation}: cancel sent; it undoes what it did\n`);
    return follow(client.watch(found, { signal: io.signal }), io, {
      operation,
      output: options.output,
      wanted: 'cancelled',
    });
  });
