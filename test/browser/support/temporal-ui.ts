import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { findTemporalExecutable } from '../../../workers/temporal-server/executable.js';
import { freePort } from '../../../workers/temporal-server/ports.js';
import { startTemporalServer } from '../../../workers/temporal-server/server.js';
import { testBundle } from '../../support/temporal.js';
import { quietRuntime, startHarness } from '../../support/workflow-harness.js';
import type { Harness } from '../../support/workflow-harness.js';

export interface TemporalUi {
  readonly harness: Harness;
  /** Such as http://127.0.0.1:8233. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * What `quorate dev` starts, on ports of its own: the Temporal server with its UI, the product's search attributes and
 * workflows; its activities are scripted.
 */
export const startTemporalUi = async (): Promise<TemporalUi> => {
  quietRuntime();
  const folder = mkdtempSync(join(tmpdir(), 'quorate-ui-'));
  const { path: executable } = await findTemporalExecutable({ say: (line) => console.error(line) });
  const [port, uiPort] = [await freePort(), await freePort()];
  const server = await startTemporalServer({ executable, port, uiPort, logFile: join(folder, 'temporal.log') });
  const { address, namespace } = server;
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  const harness = await startHarness(
    { client: new Client({ connection, namespace }), nativeConnection, namespace, bundle: await testBundle() },
    { taskQueue: 'quorate' },
  );
  return {
    harness,
    address: `http://127.0.0.1:${uiPort}`,
    close: async () => {
      await harness.close();
      await nativeConnection.close();
      await connection.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
