import { afterAll, beforeAll } from 'vitest';
import type { Activities } from '../../activities/contract.js';
import { connectToTestServer, uniqueName } from './temporal.js';
import type { TestServer } from './temporal.js';
import { quietRuntime, startHarness } from './workflow-harness.js';
import type { Harness } from './workflow-harness.js';

/**
 * One worker with scripted activities for a test file, on the shared server.
 * @param options.activities answers instead of the default ones
 * @returns the harness, for tests; it is there once the file's `beforeAll` has run.
 */
export const useHarness = (
  name: string,
  options: { maxCachedWorkflows?: number; activities?: Partial<Activities> } = {},
): (() => Harness) => {
  quietRuntime();
  let server: TestServer | undefined;
  let harness: Harness | undefined;
  beforeAll(async () => {
    server = await connectToTestServer();
    harness = await startHarness(server, { taskQueue: uniqueName(name), ...options });
  });
  afterAll(async () => {
    await harness?.close();
    await server?.close();
  });
  return () => {
    if (harness === undefined) throw new Error('the harness is there only while tests run');
    return harness;
  };
};
