import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createToken } from '../../api/server/tokens/manage.js';
import { findTemporalExecutable } from '../../workers/temporal-server/executable.js';
import { freePort } from '../../workers/temporal-server/ports.js';
import { startTemporalServer } from '../../workers/temporal-server/server.js';
import { startWatchedProcess, type WatchedProcess } from '../../workers/temporal-server/watched-process.js';

const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const workerProgram = fileURLToPath(new URL('./worker.js', import.meta.url));

export interface ApiHarness {
  /** Of the API server. */
  readonly url: string;
  readonly temporalAddress: string;
  readonly tokens: { readonly operator: string; readonly viewer: string };
  /** Gives the hosts of clusters called outage-... their power back. */
  readonly powerOn: () => void;
  /** The log of the API server is there, and everything else that is not kept. */
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

const untilItAnswers = async (url: string, child: WatchedProcess): Promise<void> => {
  for (let left = 300; left > 0; left -= 1) {
    const answered = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer:\n${child.lastLines(20).join('\n')}`);
};

const untilItSays = async (text: string, child: WatchedProcess): Promise<void> => {
  for (let left = 300; left > 0; left -= 1) {
    if (child.lastLines(50).some((line) => line.includes(text))) return;
    await sleep(100);
  }
  throw new Error(`"${text}" was not said:\n${child.lastLines(20).join('\n')}`);
};

/**
 * Temporal's development server on a file as `quorate dev` runs it, a worker that plays its hosts, and `quorate server`:
 * a process each, all of which end with this one.
 *
 * @param options.kubeadmMs how long kubeadm takes on a host
 * @param options.serverArguments further ones of `quorate server`
 */
export const startApiHarness = async (options: {
  readonly serverArguments?: readonly string[];
  readonly kubeadmMs: number;
}): Promise<ApiHarness> => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-api-'));
  const running: { stop: () => Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const one of running.toReversed()) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const { path: executable } = await findTemporalExecutable({ say: console.error });
    const temporal = await startTemporalServer({
      executable,
      port: await freePort(),
      databaseFile: join(folder, 'temporal.db'),
      logFile: join(folder, 'temporal.log'),
    });
    running.push(temporal);
    const powerFile = join(folder, 'power-is-back');
    const worker = await startWatchedProcess(
      process.execPath,
      [workerProgram, temporal.address, powerFile, String(options.kubeadmMs)],
      join(folder, 'worker.log'),
    );
    running.push(worker);
    const tokenFile = join(folder, 'tokens.json');
    const { token: operator } = await createToken(tokenFile, { name: 'operator', role: 'operator', clusters: [] });
    const { token: viewer } = await createToken(tokenFile, { name: 'viewer', role: 'viewer', clusters: [] });
    const port = await freePort();
    const server = await startWatchedProcess(
      process.execPath,
      [
        [program, 'server', '--listen', `127.0.0.1:${port}`, '--tokens', tokenFile, '--log-level', 'warn'],
        options.serverArguments ?? [],
      ].flat(),
      join(folder, 'server.log'),
      { ...process.env, TEMPORAL_ADDRESS: temporal.address },
    );
    running.push(server);
    const url = `http://127.0.0.1:${port}`;
    await Promise.all([untilItAnswers(`${url}/readyz`, server), untilItSays('ready', worker)]);
    return {
      url,
      temporalAddress: temporal.address,
      tokens: { operator, viewer },
      powerOn: () => writeFileSync(powerFile, ''),
      folder,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
