import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { QuorateClient } from '../../api/client/client.js';
import type { AppOptions } from '../../api/server/options.js';
import { startServer } from '../../api/server/run-server.js';
import { createToken, type TokenRequest } from '../../api/server/tokens/manage.js';
import { openTokenStore } from '../../api/server/tokens/token-store.js';

export interface ApiServer {
  readonly url: string;
  readonly tokenFile: string;
  /** Lines of its log, parsed. */
  readonly log: Record<string, unknown>[];
  /** Makes a token; for all clusters unless some are named. */
  readonly token: (role: TokenRequest['role'], ...clusters: string[]) => Promise<string>;
  readonly stop: () => Promise<void>;
}

let made = 0;

/** An API server on a port of its own, with a file of tokens of its own, empty at first: then no request needs one. */
export const startApiServer = async (
  client: QuorateClient,
  options: Partial<Pick<AppOptions, 'ready' | 'limits' | 'tls' | 'trustedProxies'>> & { host?: string } = {},
): Promise<ApiServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-api-'));
  const tokenFile = join(folder, 'tokens.json');
  const log: Record<string, unknown>[] = [];
  const { host = '127.0.0.1', ...rest } = options;
  const server = await startServer({
    client,
    tokens: openTokenStore(tokenFile, (problem) => log.push({ problem })),
    ready: () => Promise.resolve(),
    version: '1.2.3',
    log: pino(
      { level: 'debug', base: null },
      { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) },
    ),
    listen: { host, port: 0 },
    ...rest,
  });
  return {
    url: server.url,
    tokenFile,
    log,
    token: async (role, ...clusters) =>
      (await createToken(tokenFile, { name: `${role}${made++}`, role, clusters })).token,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
