import { existsSync, statSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { loadClientConfigProfile, loadClientConnectConfig, type ClientConfigProfile } from '@temporalio/envconfig';
import { Connection, type ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { OperatorError, errorText } from '../../model/failures/operator-error.js';
import { openToOthers } from '../../model/private-file.js';
import { runningDevServers } from './dev-registry.js';

export interface TemporalTarget {
  /** host:port. */
  readonly address: string;
  readonly namespace: string;
  /** Where the address comes from, for messages. */
  readonly source: string;
  /** For `Connection.connect` and `NativeConnection.connect` alike. */
  readonly connectionOptions: SharedConnectionOptions & { address: string };
}

/** Options that both kinds of connection have in common. */
type SharedConnectionOptions = Pick<ConnectionOptions & NativeConnectionOptions, 'tls' | 'apiKey' | 'metadata'>;

const shared = ({ tls, apiKey, metadata }: NativeConnectionOptions): SharedConnectionOptions => ({
  ...(tls === undefined ? {} : { tls }),
  ...(apiKey === undefined ? {} : { apiKey }),
  ...(metadata === undefined ? {} : { metadata }),
});

/** Where the Temporal profile is, as the `temporal` command looks for it. */
const profileFile = (env: Readonly<Record<string, string | undefined>>): string => {
  const { HOME: home = homedir(), XDG_CONFIG_HOME: config, TEMPORAL_CONFIG_FILE: file } = env;
  const folder =
    platform() === 'darwin' ? join(home, 'Library', 'Application Support') : config || join(home, '.config');
  return file || join(folder, 'temporalio', 'temporal.toml');
};

/** @throws OperatorError (bad-usage) when others may read a file with a secret of the profile */
const requireSecretsKept = (
  { apiKey, tls }: ClientConfigProfile,
  env: Readonly<Record<string, string | undefined>>,
): void => {
  const key = tls?.clientKey;
  const inProfile =
    (apiKey !== undefined && !env['TEMPORAL_API_KEY']) ||
    (key !== undefined && 'data' in key && !env['TEMPORAL_TLS_CLIENT_KEY_DATA']);
  const files = [
    ...(key !== undefined && 'path' in key ? [{ file: key.path, what: 'a private key' }] : []),
    ...(inProfile ? [{ file: profileFile(env), what: 'a key of Temporal' }] : []),
  ];
  for (const { file, what } of files) {
    const access = statSync(file, { throwIfNoEntry: false });
    const problem = access === undefined ? undefined : openToOthers(file, what, access, process.getuid?.());
    if (problem !== undefined) throw problem;
  }
};

/**
 * Decides which Temporal server to use: the profile and the TEMPORAL_* variables that the `temporal` command uses too,
 * else the one `quorate dev` that this user runs. There is no silent default: a missing profile file must not send an
 * operation to whatever listens on localhost.
 *
 * @throws OperatorError (bad-usage) when the configuration is wrong or names no server.
 */
export const resolveTemporal = (env: Record<string, string | undefined> = process.env): TemporalTarget => {
  const file = env['TEMPORAL_CONFIG_FILE'];
  if (file !== undefined && file !== '' && !existsSync(file)) {
    throw new OperatorError('bad-usage', `TEMPORAL_CONFIG_FILE names ${file}, which does not exist.`, {
      remedy: 'Correct or unset TEMPORAL_CONFIG_FILE.',
    });
  }
  let loaded: ReturnType<typeof loadClientConnectConfig>;
  try {
    const overrideEnvVars = Object.fromEntries(
      Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    requireSecretsKept(loadClientConfigProfile({ configFileStrict: true, overrideEnvVars }), env);
    loaded = loadClientConnectConfig({ configFileStrict: true, overrideEnvVars });
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError('bad-usage', `The Temporal configuration cannot be used: ${errorText(error)}`, {
      remedy: `Mend ${file ?? 'temporal.toml (see `temporal config list`)'} or the TEMPORAL_* variables.`,
      cause: error,
    });
  }
  const { address } = loaded.connectionOptions;
  const namespace = loaded.namespace ?? 'default';
  if (address !== undefined && address !== '') {
    const source = env['TEMPORAL_ADDRESS'] === address ? 'TEMPORAL_ADDRESS' : 'the Temporal profile';
    return { address, namespace, source, connectionOptions: { ...shared(loaded.connectionOptions), address } };
  }
  const [dev, ...others] = runningDevServers(env);
  if (dev === undefined) {
    throw new OperatorError('bad-usage', 'No Temporal server is named, and no `quorate dev` of yours runs.', {
      remedy: 'Start one with `quorate dev`, or set TEMPORAL_ADDRESS=host:port (and TEMPORAL_NAMESPACE).',
    });
  }
  if (others.length > 0) {
    throw new OperatorError('bad-usage', 'Several `quorate dev` of yours run.', {
      evidence: [dev, ...others].map(({ address: at, databaseFile, pid }) => `${at} (${databaseFile}, pid ${pid})`),
      remedy: 'Choose one with TEMPORAL_ADDRESS=host:port.',
    });
  }
  return {
    address: dev.address,
    namespace,
    source: `quorate dev, pid ${dev.pid}`,
    connectionOptions: { ...shared(loaded.connectionOptions), address: dev.address },
  };
};

export const unreachable = (target: TemporalTarget, error: unknown): OperatorError =>
  new OperatorError('temporal-unreachable', `Temporal at ${target.address} does not answer: ${errorText(error)}`, {
    evidence: [`address from ${target.source}`, `namespace ${target.namespace}`],
    remedy:
      'Operations that run are not affected. Start the server (`quorate dev` for the local one) or correct TEMPORAL_ADDRESS, then run the same command again.',
    cause: error,
  });

/** Connects a client. @throws OperatorError (temporal-unreachable) within 5 seconds. */
export const connectClient = async (target: TemporalTarget): Promise<Connection> => {
  try {
    return await Connection.connect({ connectTimeout: 5_000, ...target.connectionOptions });
  } catch (error) {
    throw unreachable(target, error);
  }
};
