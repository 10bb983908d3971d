import { existsSync } from 'node:fs';
import type { ListenAddress } from '../../api/server/access/exposure.js';
import { OperatorError } from '../../model/failures/operator-error.js';
import { connectActivities } from '../../workers/activities.js';
import { resolveTemporal } from '../../api/connection/connect.js';
import { startDev } from '../../workers/dev.js';
import { createLogger, type Level } from '../../workers/log.js';
import { runWorker } from '../../workers/run-worker.js';
import { readWebhooks } from '../../workers/webhooks-file.js';
import { installRuntime } from '../../workers/worker.js';
import { clock } from '../format/text.js';
import { taskQueueOf, type Io } from '../io.js';
import { serveUntilSignal, starting } from '../serve-until-signal.js';
import { accessText, prepareApi } from '../start-api.js';

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
  /** Where to serve the HTTP API as well; not at all when absent. */
  readonly api?: ListenAddress;
  /** There: everybody on this machine may do everything. */
  readonly withoutTokens?: boolean;
}

const goodbye = 'commands on hosts go on, the next worker attaches to them again';

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

/** A Temporal server, its database and a worker on this machine, until a signal. */
export const dev = async (io: Io, version: string, options: DevCommandOptions): Promise<number> => {
  const { api: listen, logLevel, withoutTokens = false } = options;
  if (withoutTokens && listen === undefined)
    throw new OperatorError('bad-usage', '--without-tokens is about the HTTP API, which is not served.', {
      remedy: 'Give --api as well, or leave out --without-tokens.',
    });
  const prepared = listen === undefined ? undefined : prepareApi(io, version, { listen, logLevel, withoutTokens });
  const { hosts, activities, webhooks } = prepare(io, options);
  let ready = false;
  const say = (line: string): void => io.out(`${ready ? `${clock(new Date())} ` : ''}${line}\n`);
  try {
    webhooks.forEach(say);
    const { port, uiPort, dbFile, temporal } = options;
    const name = 'quorate dev';
    const serving = await starting(io, name, () =>
      startDev({
        say,
        activities,
        taskQueue: taskQueueOf(io.env),
        ...(port === undefined ? {} : { port }),
        ...(uiPort === undefined ? {} : { uiPort }),
        ...(dbFile === undefined ? {} : { databaseFile: dbFile }),
        ...(temporal === undefined ? {} : { executable: temporal }),
      }),
    );
    const { address } = serving;
    const api = await prepared
      ?.start({ address, namespace: 'default', source: name, connectionOptions: { address } })
      .catch(async (error: unknown) => {
        await serving.stop();
        throw error;
      });
    if (prepared !== undefined) say(accessText(prepared));
    if (api !== undefined) say(`API: ${api.url}, documentation at ${api.url}/docs`);
    const stop = async (): Promise<void> => {
      await api?.stop();
      await serving.stop();
    };
    say(`${name} is ready: Temporal UI ${serving.uiAddress}`);
    ready = true;
    return await serveUntilSignal({ ended: serving.ended, stop }, say, name, goodbye);
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
    const name = 'quorate worker';
    const taskQueue = taskQueueOf(io.env);
    const serving = await starting(io, name, () => runWorker({ target, activities, say, taskQueue }));
    say(`${name} is ready: task queue ${taskQueue}`);
    return await serveUntilSignal(serving, say, name, goodbye);
  } finally {
    await hosts.close();
  }
};
