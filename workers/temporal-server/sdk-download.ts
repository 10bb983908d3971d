import { createRequire } from 'node:module';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorText } from '../../model/failures/operator-error.js';

const require = createRequire(import.meta.url);

/**
 * Lets the Temporal SDK fetch the `temporal` executable from temporal.download and puts it at `target`.
 * The SDK offers the download only together with a server, so one is started on a free port and ended at once.
 *
 * @returns undefined when `target` is there, else why not.
 */
export const fetchWithSdk = async (target: string, version: string): Promise<string | undefined> => {
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(join(dirname(target), 'download-'));
  const { Runtime } = await import('@temporalio/worker');
  const runtime = Runtime.instance();
  let problem: string | undefined;
  try {
    const server = await runtime.createEphemeralServer({
      type: 'dev-server',
      exe: {
        type: 'cached-download',
        downloadDir: folder,
        version: `v${version}`,
        ttl: 0,
        sdkName: 'sdk-typescript',
        sdkVersion: (require('@temporalio/worker/package.json') as { version: string }).version,
      },
      namespace: 'default',
      ip: '127.0.0.1',
      port: null,
      uiPort: null,
      dbFilename: null,
      ui: false,
      log: { format: 'pretty', level: 'warn' },
      extraArgs: [],
    });
    await runtime.shutdownEphemeralServer(server);
  } catch (error) {
    // Also when the server was slow to answer (the SDK allows 5 s) the file may be there.
    problem = errorText(error);
  }
  try {
    const executable = (await readdir(folder)).find((name) => name.startsWith('temporal'));
    if (executable === undefined) return problem ?? 'the SDK downloaded no executable';
    await rename(join(folder, executable), target);
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
