import { readFileSync, statSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { requireSafeExposure, type ListenAddress } from '../api/server/access/exposure.js';
import type { Limits, Tls } from '../api/server/options.js';
import { startServer, type RunningServer } from '../api/server/run-server.js';
import { lookAtDisk } from '../api/client/server-disk.js';
import { createQuorateClient } from '../api/client/temporal-client.js';
import { fullDiskOfServer } from '../api/connection/database-disk.js';
import { defaultTokenFile } from '../api/server/tokens/token-file.js';
import { openTokenStore } from '../api/server/tokens/token-store.js';
import { OperatorError, errorText } from '../model/failures/operator-error.js';
import { openToOthers } from '../model/private-file.js';
import type { TemporalTarget } from '../api/connection/connect.js';
import { createJsonLog, type Level } from '../workers/log.js';
import { taskQueueOf, type Io } from './io.js';

export interface ApiOptions {
  readonly listen: ListenAddress;
  /** File of tokens. */
  readonly tokens?: string;
  /** Everybody on this machine may do everything; default false. */
  readonly withoutTokens?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
  /** A proxy before it speaks TLS. */
  readonly insecureHttp?: boolean;
  /** Addresses or subnets of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxy?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly logLevel: Level;
}

/** @param secret what it holds that others must not read */
const readPem = (file: string, option: string, secret?: string): string => {
  try {
    const problem = secret === undefined ? undefined : openToOthers(file, secret, statSync(file), process.getuid?.());
    if (problem !== undefined) throw problem;
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError('bad-usage', `${option} ${file} cannot be read: ${errorText(error)}`, {
      remedy: `Correct ${option}.`,
      cause: error,
    });
  }
};

const tlsOf = ({ tlsCert, tlsKey, clientCa }: ApiOptions): Tls | undefined => {
  if (tlsCert === undefined || tlsKey === undefined) {
    if (tlsCert === undefined && tlsKey === undefined && clientCa === undefined) return undefined;
    throw new OperatorError('bad-usage', 'TLS needs both --tls-cert and --tls-key.', {
      remedy: 'Give both of them, and --client-ca only beside them.',
    });
  }
  return {
    cert: readPem(tlsCert, '--tls-cert'),
    key: readPem(tlsKey, '--tls-key', 'a private key'),
    ...(clientCa === undefined ? {} : { clientCa: readPem(clientCa, '--client-ca') }),
  };
};

export interface PreparedApi {
  /** Whether every request needs a token. */
  readonly needsTokens: boolean;
  readonly tokenFile: string;
  readonly start: (target: TemporalTarget) => Promise<RunningServer>;
}

/**
 * Checks what can be wrong about an API server before anything is started.
 *
 * @throws OperatorError (bad-usage, refused)
 */
export const prepareApi = (io: Io, version: string, options: ApiOptions): PreparedApi => {
  const { listen, insecureHttp = false, withoutTokens = false, limits, logLevel, trustedProxy } = options;
  const tokenFile = options.tokens ?? defaultTokenFile(io.env);
  const log = createJsonLog(logLevel, io.err);
  const tls = tlsOf(options);
  const tokens = openTokenStore(tokenFile, (problem) => log.error({ problem }, 'the tokens read before hold on'));
  const needsTokens = tokens.needed();
  requireSafeExposure(listen, {
    hasTokens: needsTokens,
    withoutTokens,
    tls: tls !== undefined,
    insecureHttp,
    tokenFile,
  });

  const start = async (target: TemporalTarget): Promise<RunningServer> => {
    // Serves also before the Temporal server does, and says so at /readyz.
    const connection = Connection.lazy(target.connectionOptions);
    const temporal = new Client({ connection, namespace: target.namespace });
    lookAtDisk(temporal, () => fullDiskOfServer(target.address, io.env));
    try {
      const server = await startServer({
        // Short, so that a caller hears soon that nobody answers and asks again with the same key.
        client: createQuorateClient(temporal, taskQueueOf(io.env), { totalMs: 10_000 }),
        tokens,
        ready: () =>
          connection.withDeadline(Date.now() + 2_000, async () => {
            await connection.workflowService.getSystemInfo({});
          }),
        log,
        version,
        listen,
        ...(limits === undefined ? {} : { limits }),
        ...(tls === undefined ? {} : { tls }),
        ...(trustedProxy === undefined ? {} : { trustedProxies: trustedProxy }),
      });
      return {
        url: server.url,
        stop: async () => {
          await server.stop();
          await connection.close();
        },
      };
    } catch (error) {
      await connection.close();
      throw error;
    }
  };
  return { needsTokens, tokenFile, start };
};

/** What is said about who may use it, at the start. */
export const accessText = ({ needsTokens, tokenFile }: PreparedApi): string =>
  needsTokens
    ? `tokens: ${tokenFile}`
    : `WITHOUT TOKENS: everybody on this machine may do everything, and whoever reaches it through a proxy that hides itself. \`quorate token create NAME --role admin\` ends that at once (${tokenFile}).`;
