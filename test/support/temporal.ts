import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { msToTs } from '@temporalio/common/lib/time.js';
import { inject } from 'vitest';
import { addSearchAttributes } from '../../workers/temporal-server/namespace.js';

const ask = async (path: string): Promise<unknown> => {
  const response = await fetch(`${inject('sharedFixtures')}${path}`);
  const body = await response.text();
  if (!response.ok) throw new Error(body);
  return JSON.parse(body);
};

/** Bundles a module of workflows once per run. @param entry path; default the product's `workflows/index.ts`. */
export const testBundle = async (
  entry = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
): Promise<{ codePath: string }> => (await ask(`/bundle?entry=${encodeURIComponent(entry)}`)) as { codePath: string };

/** Failing workflows are what many tests are about: their logs would bury what a test itself says. */
const quietRuntime = (): void => {
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
  } catch {
    // This process has one: another test file of it, or an earlier call, made it.
  }
};

export interface TestServer {
  readonly address: string;
  readonly namespace: string;
  readonly client: Client;
  readonly nativeConnection: NativeConnection;
  /** For the worker's `workflowBundle`: the product's workflows. */
  readonly bundle: { codePath: string };
  /** Closes both connections; for `afterAll`. */
  readonly close: () => Promise<void>;
}

/**
 * Connects to the one Temporal server of this run (started when the first file asks). Workflows of other files are on
 * it too: use task queues and cluster names of your own.
 *
 * @param options.workflows module of workflows to bundle; default the product's.
 * @param options.alone in a namespace of its own, for what looks at everything there is.
 */
export const connectToTestServer = async (
  options: { workflows?: string; alone?: boolean } = {},
): Promise<TestServer> => {
  quietRuntime();
  const [server, bundle] = await Promise.all([ask('/server'), testBundle(options.workflows)]);
  const { address, namespace: shared } = server as { address: string; namespace: string };
  const [connection, nativeConnection] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ]);
  const namespace = options.alone === true ? uniqueName('alone') : shared;
  if (namespace !== shared) {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    await addSearchAttributes(connection, namespace);
  }
  return {
    address,
    namespace,
    client: new Client({ connection, namespace }),
    nativeConnection,
    bundle,
    close: async () => {
      await connection.close();
      await nativeConnection.close();
    },
  };
};

/** A name that no other test uses, such as a cluster's or a task queue's. */
export const uniqueName = (prefix: string): string => `${prefix}-${crypto.randomUUID().slice(0, 8)}`;
