import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpRelay {
  readonly port: number;
  /** Connections made through it so far. */
  readonly count: () => number;
  /** Cuts every connection at once, without a goodbye. */
  readonly cut: () => void;
  /** Refuses new ones (they are cut as soon as they are made) until told otherwise. */
  readonly refuse: (refused: boolean) => void;
  /** Cuts the next connection when its answer begins: the request has arrived, the answer has not. */
  readonly swallowNextAnswer: () => void;
  readonly close: () => Promise<void>;
}

/** Passes connections on to a port of 127.0.0.1, and loses them when a test says so. */
export const startTcpRelay = async (target: number): Promise<TcpRelay> => {
  const sockets = new Set<Socket>();
  let refused = false;
  let swallow = false;
  let made = 0;
  const server = createServer((incoming) => {
    made += 1;
    if (refused) {
      incoming.resetAndDestroy();
      return;
    }
    const outgoing = connect(target, '127.0.0.1');
    const both = [incoming, outgoing];
    const end = (): void => both.forEach((socket) => socket.destroy());
    for (const socket of both) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    incoming.pipe(outgoing);
    outgoing.on('data', (chunk) => {
      if (swallow) {
        swallow = false;
        end();
      } else incoming.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    count: () => made,
    cut,
    refuse: (value) => (refused = value),
    swallowNextAnswer: () => (swallow = true),
    close: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
};
