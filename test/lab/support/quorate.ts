import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { clusterYaml } from '../../../lab/index.js';
import type { Lab } from '../../../lab/index.js';
import { findTemporalExecutable } from '../../../workers/temporal-server/executable.js';
import { freePort } from '../../../workers/temporal-server/ports.js';
import { superviseTemporalServer } from '../../../workers/temporal-server/supervise.js';

const program = resolve('dist/cli/main.js');

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface WorkerProcess {
  readonly pid: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** The product as its users run it: a Temporal server, worker processes that can be killed, the command line. */
export interface Quorate {
  readonly folder: string;
  readonly client: Client;
  readonly clusterFile: string;
  readonly workerLog: string;
  /** @param sshConfigFile default the lab's own. */
  startWorker(sshConfigFile?: string): Promise<WorkerProcess>;
  /** Ends the Temporal server with SIGKILL; it is started again on its database, as `quorate dev` does. */
  killTemporal(): void;
  /** Runs `quorate` and waits for its end. */
  run(args: readonly string[], options?: { timeoutMs?: number; file?: string }): Promise<Ran>;
  /** Runs `quorate` and fails the test unless it exits with 0. */
  check(args: readonly string[], options?: { timeoutMs?: number; file?: string }): Promise<Ran>;
  stop(): Promise<void>;
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once('close', (code) => resolve(code));
  });

/** @param policy `spec.policy` of the cluster.yaml; default the product's defaults */
export const startQuorate = async (lab: Lab, policy?: Record<string, unknown>): Promise<Quorate> => {
  const folder = mkdtempSync(join(tmpdir(), `quorate-${lab.name}-`));
  mkdirSync(folder, { recursive: true });
  const clusterFile = join(folder, 'cluster.yaml');
  writeFileSync(clusterFile, clusterYaml(lab, policy === undefined ? {} : { policy }));
  const workerLog = join(folder, 'worker.log');
  const { path } = await findTemporalExecutable({ say: () => {} });
  const server = await superviseTemporalServer(
    {
      executable: path,
      port: await freePort(),
      databaseFile: join(folder, 'temporal.db'),
      logFile: join(folder, 'temporal.log'),
    },
    { say: (line) => console.log(line) },
  );
  const { address, namespace } = server.current();
  const env = {
    ...process.env,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    XDG_STATE_HOME: folder,
    NO_COLOR: '1',
  };
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const workers = new Set<ChildProcess>();

  const startWorker = async (sshConfigFile = lab.sshConfigFile): Promise<WorkerProcess> => {
    const log = createWriteStream(workerLog, { flags: 'a' });
    const child = spawn(process.execPath, [program, 'worker', '--ssh-config', sshConfigFile], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    workers.add(child);
    let text = '';
    const ready = new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`the worker is not ready after 60 s:\n${text}`)), 60_000);
      const see = (chunk: Buffer): void => {
        log.write(chunk);
        if (text.length > 100_000) return;
        text += chunk.toString();
        if (!/worker.*(ready|RUNNING)|ready.*worker/i.test(text)) return;
        clearTimeout(deadline);
        resolve();
      };
      child.stdout.on('data', see);
      child.stderr.on('data', see);
      child.once('close', (code) => {
        clearTimeout(deadline);
        reject(new Error(`the worker ended with ${code}:\n${text}`));
      });
    });
    await ready;
    const { pid } = child;
    if (pid === undefined) throw new Error('the worker has no pid');
    return {
      pid,
      kill: async (signal) => {
        child.kill(signal);
        await ended(child);
        workers.delete(child);
      },
    };
  };

  const run: Quorate['run'] = (args, options = {}) =>
    new Promise((resolve) => {
      const started = Date.now();
      const child = spawn(
        process.execPath,
        [program, ...args, ...(args.includes('-f') ? [] : fileOption(args, options.file ?? clusterFile))],
        {
          env,
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      const deadline = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 300_000);
      child.once('close', (code) => {
        clearTimeout(deadline);
        resolve({ code, stdout, stderr, ms: Date.now() - started });
      });
    });

  return {
    folder,
    client,
    clusterFile,
    workerLog,
    startWorker,
    killTemporal: () => void process.kill(server.current().pid, 'SIGKILL'),
    run,
    check: async (args, options) => {
      const ran = await run(args, options);
      if (ran.code !== 0)
        throw new Error(
          `quorate ${args.join(' ')} exited with ${ran.code}:\n${ran.stdout}\n${ran.stderr}\n--- worker\n${tail(workerLog)}`,
        );
      return ran;
    },
    stop: async () => {
      for (const child of workers) {
        child.kill('SIGKILL');
        await ended(child);
      }
      await connection.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const takesFile = new Set(['init', 'join', 'status']);
const fileOption = (args: readonly string[], file: string): string[] =>
  takesFile.has(args[0] ?? '') ? ['-f', file] : [];

const tail = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').slice(-4_000);
  } catch {
    return '';
  }
};
