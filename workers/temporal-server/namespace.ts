import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { OperatorError, errorText } from '../../model/failures/operator-error.js';
import { searchAttributes } from '../../model/search-attributes.js';

/** What the `temporal` command calls a type, and its number in temporal.api.enums.v1.IndexedValueType. */
const types = { KEYWORD: { word: 'Keyword', value: 2 }, BOOL: { word: 'Bool', value: 5 } } as const;

/** Keeps closed workflows that long; a development server's own default is 24 hours. */
export const keepClosedWorkflows = async (connection: Connection, namespace: string, days: number): Promise<void> => {
  await connection.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: msToTs(days * 86_400_000) },
  });
};

const registered = async (connection: Connection, namespace: string): Promise<Map<string, number>> => {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return new Map(Object.entries(customAttributes ?? {}));
};

/**
 * Registers the search attributes that are missing. The server answers OK to a name that exists with another type and
 * changes nothing, hence the comparison.
 *
 * @returns the names that were added.
 * @throws OperatorError (refused) when one exists with another type, or when the server does not let us add it.
 */
export const addSearchAttributes = async (connection: Connection, namespace: string): Promise<string[]> => {
  const present = await registered(connection, namespace);
  const wanted = Object.values(searchAttributes).map(({ name, type }) => ({ name, ...types[type] }));
  const mistyped = wanted.filter(({ name, value }) => present.has(name) && present.get(name) !== value);
  if (mistyped.length > 0) {
    const names = mistyped.map(({ name, word }) => `${name} (needed: ${word})`).join(', ');
    throw new OperatorError('refused', `Namespace ${namespace} has search attributes of another type: ${names}.`, {
      remedy: `Remove them with \`temporal operator search-attribute remove --namespace ${namespace} --name NAME\`, or use another namespace.`,
    });
  }
  const missing = wanted.filter(({ name }) => !present.has(name));
  if (missing.length === 0) return [];
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(({ name, value }) => [name, value])),
    });
  } catch (error) {
    const flags = missing.map(({ name, word }) => `--name ${name} --type ${word}`).join(' ');
    throw new OperatorError('refused', `Namespace ${namespace} lacks search attributes: ${errorText(error)}`, {
      remedy: `Let an administrator run \`temporal operator search-attribute create --namespace ${namespace} ${flags}\`.`,
      cause: error,
    });
  }
  // A server with a separate visibility store applies it with a delay.
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const now = await registered(connection, namespace);
    if (missing.every(({ name }) => now.has(name))) break;
    await sleep(100);
  }
  return missing.map(({ name }) => name);
};
