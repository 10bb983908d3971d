import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { findTemporalExecutable } from '../../workers/temporal-server/executable.js';
import { freePort } from '../../workers/temporal-server/ports.js';
import { startTemporalServer, type TemporalServer } from '../../workers/temporal-server/server.js';
import { workflowBundle } from '../../workers/workflow-bundle.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where test files ask for what all of them share; see test/support/temporal.ts. */
    sharedFixtures: string;
  }
}

/**
 * One Temporal server and one bundle of each set of workflows for the whole run, made when the first test file asks:
 * a run of pure tests starts nothing. Test files ask over HTTP because they run in processes of their own.
 */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-test-'));
  let server: Promise<TemporalServer> | undefined;
  const bundles = new Map<string, Promise<{ codePath: string }>>();

  const startServer = async (): Promise<TemporalServer> => {
    const { path } = await findTemporalExecutable({ say: (line) => console.error(line) });
    return startTemporalServer({ executable: path, port: await freePort(), logFile: join(folder, 'temporal.log') });
  };
  const bundle = (entry: string): Promise<{ codePath: string }> => {
    const known = bundles.get(entry);
    if (known !== undefined) return known;
    const made = workflowBundle({ entry, folder: resolve('node_modules/.cache/quorate-test') });
    bundles.set(entry, made);
    return made;
  };
  const answer = async (url: URL): Promise<unknown> => {
    if (url.pathname === '/server') {
      server ??= startServer();
      const { address, namespace } = await server;
      return { address, namespace };
    }
    return bundle(url.searchParams.get('entry') ?? '');
  };

  const http = createServer((request, response) => {
    answer(new URL(request.url ?? '/', 'http://localhost')).then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(error instanceof Error ? (error.stack ?? error.message) : String(error));
      },
    );
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  project.provide('sharedFixtures', `http://127.0.0.1:${(http.address() as AddressInfo).port}`);

  return async () => {
    http.closeAllConnections();
    http.close();
    await (await server?.catch(() => undefined))?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
};
