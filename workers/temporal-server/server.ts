import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { OperatorError, errorText } from '../../model/failures/operator-error.js';
import { addSearchAttributes, keepClosedWorkflows } from './namespace.js';
import { startWatchedProcess } from './watched-process.js';

export interface TemporalServerOptions {
  /** Path of the `temporal` executable. */
  readonly executable: string;
  readonly port: number;
  /** Port of the web UI; none when absent. */
  readonly uiPort?: number;
  /** SQLite file that outlives the server; in memory when absent. */
  readonly databaseFile?: string;
  /** The server's output. */
  readonly logFile: string;
  /** Default 127.0.0.1: a development server has no authentication. */
  readonly ip?: string;
  /** How long closed workflows are kept; default 30. */
  readonly retentionDays?: number;
  /** How long it may take to answer, milliseconds; default 30 000. */
  readonly deadlineMs?: number;
}

export interface TemporalServer {
  /** host:port of the gRPC front end. */
  readonly address: string;
  readonly namespace: string;
  readonly pid: number;
  /** Settles with the exit code when the server ended for whatever reason. */
  readonly ended: Promise<number>;
  readonly stop: () => Promise<void>;
  readonly lastLines: (count: number) => string[];
}

const namespace = 'default';

const serverArguments = ({ ip = '127.0.0.1', port, uiPort, databaseFile }: TemporalServerOptions): string[] => {
  const flags: Record<string, string> = {
    ip,
    port: String(port),
    ...(uiPort === undefined ? {} : { 'ui-port': String(uiPort) }),
    ...(databaseFile === undefined ? {} : { 'db-filename': databaseFile }),
    // Without it the server asks version.temporal.io for news.
    'dynamic-config-value': 'frontend.enableServerVersionCheck=false',
    'log-level': 'warn',
    'log-format': 'json',
  };
  // Three times the throughput of SQLite's default journal; survives kill -9 of the server.
  const pragmas = ['journal_mode=WAL', 'synchronous=1'].flatMap((pragma) => ['--sqlite-pragma', pragma]);
  const pairs = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  return ['server', 'start-dev', ...pairs, ...pragmas, ...(uiPort === undefined ? ['--headless'] : [])];
};

/**
 * Waits until the server answers for its namespace.
 *
 * @param deadline by `performance.now()`, which nobody sets.
 * @returns undefined, or the last problem when the time is over.
 */
const waitUntilItAnswers = async (
  address: string,
  deadline: number,
  died: () => boolean,
): Promise<string | undefined> => {
  let problem = 'it did not answer';
  while (performance.now() < deadline && !died()) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: 300 });
      try {
        await connection.withDeadline(Date.now() + 2_000, async () => {
          await connection.workflowService.describeNamespace({ namespace });
          await connection.operatorService.listSearchAttributes({ namespace });
        });
        return undefined;
      } finally {
        await connection.close();
      }
    } catch (error) {
      problem = errorText(error);
      await sleep(50);
    }
  }
  return problem;
};

/**
 * Starts Temporal's development server and makes its namespace ready: retention, search attributes.
 * It ends with this process, however that ends.
 *
 * @throws OperatorError (failed) when it dies or does not answer in time; the message carries its last lines.
 */
export const startTemporalServer = async (options: TemporalServerOptions): Promise<TemporalServer> => {
  const address = `${options.ip ?? '127.0.0.1'}:${options.port}`;
  for (const file of [options.databaseFile, options.logFile]) {
    if (file !== undefined) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  }
  const child = await startWatchedProcess(options.executable, serverArguments(options), options.logFile);
  let exitCode: number | undefined;
  void child.ended.then((code) => (exitCode = code));
  const deadlineMs = options.deadlineMs ?? 30_000;
  const problem = await waitUntilItAnswers(address, performance.now() + deadlineMs, () => exitCode !== undefined);
  if (problem !== undefined) {
    await child.stop(1_000);
    const what =
      exitCode === undefined ? `did not answer within ${deadlineMs / 1000} s` : `ended with exit code ${exitCode}`;
    throw new OperatorError('failed', `The Temporal server at ${address} ${what}: ${problem}`, {
      evidence: child.lastLines(5),
      remedy: `Read its log ${options.logFile}.`,
    });
  }
  const connection = await Connection.connect({ address });
  try {
    await keepClosedWorkflows(connection, namespace, options.retentionDays ?? 30);
    await addSearchAttributes(connection, namespace);
  } finally {
    await connection.close();
  }
  const { pid, ended, lastLines } = child;
  return { address, namespace, pid, ended, lastLines, stop: () => child.stop() };
};
