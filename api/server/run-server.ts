import type { AddressInfo } from 'node:net';
import { OperatorError, errorText } from '../../model/failures/operator-error.js';
import { createApp } from './app.js';
import { urlOf, type ListenAddress } from './access/exposure.js';
import { defaultLimits, type AppOptions } from './options.js';

export interface RunningServer {
  /** Such as http://127.0.0.1:7330. */
  readonly url: string;
  /** Accepts no more connections, lets requests in flight finish and ends event streams, within `shutdownMs`. */
  readonly stop: () => Promise<void>;
}

const cannotListen = ({ host, port }: ListenAddress, error: unknown): OperatorError => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') {
    return new OperatorError('failed', `Port ${port} of ${host} is in use.`, {
      remedy: `See who holds it with \`ss -ltnp 'sport = :${port}'\`, or choose another port.`,
      cause: error,
    });
  }
  return new OperatorError('failed', `The API cannot listen on ${host}:${port}: ${errorText(error)}`, {
    remedy: 'Choose another address and port.',
    cause: error,
  });
};

/**
 * Serves the API until it is stopped. Whether the address may be listened on is the caller's to know (`requireSafeExposure`).
 *
 * @throws OperatorError (failed)
 */
export const startServer = async (options: AppOptions & { readonly listen: ListenAddress }): Promise<RunningServer> => {
  const { listen } = options;
  const { api, beginEnd, connections } = await createApp(options);
  try {
    await api.listen({ host: listen.host, port: listen.port });
  } catch (error) {
    await api.close();
    throw cannotListen(listen, error);
  }
  const { port } = api.server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    beginEnd();
    const shutdownMs = options.limits?.shutdownMs ?? defaultLimits.shutdownMs;
    const patience = setTimeout(connections.closeAll, shutdownMs);
    // Otherwise an idle connection would be kept open for its next request.
    const idle = setInterval(() => api.server.closeIdleConnections(), 100);
    try {
      await api.close();
    } finally {
      clearTimeout(patience);
      clearInterval(idle);
    }
  };
  return { url: urlOf({ host: listen.host, port }, options.tls !== undefined), stop: () => (stopped ??= stop()) };
};
