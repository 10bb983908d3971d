import { existsSync } from 'node:fs';
import { OperatorError } from '../../model/operator-error.js';
import { connectActivities } from '../../workers/activities.js';
import { resolveTemporal } from '../../workers/connect.js';
import { startDev } from '../../workers/dev.js';
import { createLogger, type Level } from '../../workers/log.js';
import { runWorker } from '../../workers/run-worker.js';
import { firstSignal } from '../../workers/signals.js';
import { readWebhooks } from '../../workers/webhooks-file.js';
import { installRuntime } from '../../workers/worker.js';
import { exitCodes } from '../exit-codes.js';
import { clock } from '../format/text.js';
import { taskQueueOf, type Io } from '../io.js';

export interface ServeOptions {
  readonly sshConfig?: string;
  /** Receivers of notifications; default what QUORATE_WEBHOOKS names. */
  readonly webhooks?: string;
  /** host:port of a Prometheus endpoint. */
  readonly metrics?: string;
  readonly logLevel: Level;
}

export interface DevCommandOptions extends ServeOptions {
  readonly port?: number;
  readonly uiPort?: number;
  readonly dbFile?: string;
  readonly temporal?: string;
}

interface Serving {
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

const prepare = (io: Io, { sshConfig, webhooks: option, metrics, logLevel }: ServeOptions) => {
  if (sshConfig !== undefined && !existsSync(sshConfig)) {
    throw new OperatorError('bad-usage', `The SSH configuration ${sshConfig} does not exist.`, {
      remedy: 'Correct --ssh-config, or leave it out to use ~/.ssh/config.',
    });
  }
  const webhooksFile = option ?? (io.env['QUORATE_WEBHOOKS'] || undefined);
  const webhooks = webhooksFile === undefined ? new Map<string, never>() : readWebhooks(webhooksFile, io.env);
  installRuntime({ logger: createLogger(logLevel), ...(metrics === undefined ? {} : { metricsAddress: metrics }) });
  return {
    ...connectActivities({ webhooks, ...(sshConfig === undefined ? {} : { sshConfigFile: sshConfig }) }),
    /** What a person should see of the configuration. */
    webhooks: webhooksFile === undefined ? [] : [`webhooks: ${[...webhooks.keys()].join(', ')} (${webhooksFile})`],
  };
};

/** Serves until a signal or until it cannot go on. @returns the exit code. */
const serveUntilSignal = async (serving: Serving, say: (line: string) => void, name: string): Promise<number> => {
  const signal = firstSignal();
  const failure = serving.ended.then(
    () => new Error(`${name} ended`),
    (error: unknown) => error,
  );
  const first = await Promise.race([signal, failure]);
  if (typeof first !== 'string') {
    await serving.stop();
    throw first;
  }
  say(`${first}: ${name} ends; commands on hosts go on, the next worker attaches to them again`);
  await serving.stop();
  say(`${name} has ended`);
  return exitCodes.done;
};

/** A Temporal server, its database and a worker on this machine, until a signal. */
export const dev = async (io: Io, options: DevCommandOptions): Promise<number> => {
  const { hosts, activities, webhooks } = prepare(io, options);
  let ready = false;
  const say = (line: string): void => io.out(`${ready ? `${clock(new Date())} ` : ''}${line}\n`);
  try {
    webhooks.forEach(say);
    const { port, uiPort, dbFile, temporal } = options;
    const serving = await startDev({
      say,
      activities,
      taskQueue: taskQueueOf(io.env),
      ...(port === undefined ? {} : { port }),
      ...(uiPort === undefined ? {} : { uiPort }),
      ...(dbFile === undefined ? {} : { databaseFile: dbFile }),
      ...(temporal === undefined ? {} : { executable: temporal }),
    });
    say(`quorate dev is ready: Temporal UI ${serving.uiAddress}`);
    ready = true;
    return await serveUntilSignal(serving, say, 'quorate dev');
  } finally {
    await hosts.close();
  }
};

/** A worker for the Temporal server that the environment or the profile names, until a signal. */
export const worker = async (io: Io, options: ServeOptions): Promise<number> => {
  const target = resolveTemporal(io.env);
  const { hosts, activities, webhooks } = prepare(io, options);
  const say = (line: string): void => io.out(`${clock(new Date())} ${line}\n`);
  try {
    say(`Temporal: ${target.address}, namespace ${target.namespace} (${target.source})`);
    webhooks.forEach(say);
    const serving = await runWorker({ target, activities, say, taskQueue: taskQueueOf(io.env) });
    say(`quorate worker is ready: task queue ${taskQueueOf(io.env)}`);
    return await serveUntilSignal(serving, say, 'quorate worker');
  } finally {
    await hosts.close();
  }
};
