import type { Server, Socket } from 'node:net';

export interface Connections {
  /** Closes all that are open, whatever they are about. */
  readonly closeAll: () => void;
}

/**
 * Knows the TCP connections of a server. Node's own lists (`closeAllConnections`) begin with HTTP: a connection without a
 * finished TLS handshake is in none of them, and keeps the server from its end.
 */
export const trackConnections = (server: Server): Connections => {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  return {
    closeAll: () => {
      for (const socket of open) socket.destroy();
    },
  };
};
