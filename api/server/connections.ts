import type { Server, Socket } from 'node:net';
import { addressGroup } from '../../model/network-address.js';
import type { Limits } from './options.js';

export interface Connections {
  /** The connection is of a caller who may use the API: it is not closed for the sake of others any more. */
  readonly identified: (socket: Socket) => void;
  /** Closes all that are open, whatever they are about. */
  readonly closeAll: () => void;
}

export interface ConnectionOptions {
  readonly limits: Pick<Limits, 'connections' | 'connectionsPerAddress'>;
  /** Whether an address is that of a proxy, which brings the requests of many. */
  readonly isProxy: (address: string) => boolean;
  /** A connection from there was closed as there were too many: of that address, or of all. */
  readonly onClosed: (group: string, of: 'address' | 'all') => void;
}

/** The same for the TCP socket of a connection and for the TLS socket over it. */
const nameOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  [remoteAddress, remotePort, localAddress, localPort].join(' ');

/**
 * Knows the TCP connections of a server and bounds them, per address and in total. Node's own lists
 * (`closeAllConnections`) and limit (`maxConnections`) do not do: a connection without a finished TLS handshake is in none
 * of the lists, and the limit closes those that come, so that whoever holds a thousand idle ones locks everybody out. Here
 * the oldest one gives way whose caller is not known; who asks for something is known within a round trip.
 */
export const trackConnections = (server: Server, { limits, isProxy, onClosed }: ConnectionOptions): Connections => {
  const open = new Map<string, Socket>();
  const perAddress = new Map<string, number>();
  // In the order in which they came.
  const unknown = new Set<Socket>();
  const unknownOf = new Map<string, Set<Socket>>();
  const groups = new WeakMap<Socket, string>();

  const makeKnown = (socket: Socket): void => {
    const group = groups.get(socket) ?? '';
    unknown.delete(socket);
    const own = unknownOf.get(group);
    own?.delete(socket);
    if (own?.size === 0) unknownOf.delete(group);
  };
  const close = (socket: Socket, of: 'address' | 'all'): void => {
    onClosed(groups.get(socket) ?? '', of);
    forget(socket);
    socket.destroy();
  };
  const forget = (socket: Socket): void => {
    const group = groups.get(socket);
    if (group === undefined) return;
    makeKnown(socket);
    groups.delete(socket);
    const left = (perAddress.get(group) ?? 1) - 1;
    if (left === 0) perAddress.delete(group);
    else perAddress.set(group, left);
  };

  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    // Gone before it was accepted.
    if (remoteAddress === undefined) return void socket.destroy();
    const name = nameOf(socket);
    const group = addressGroup(remoteAddress);
    open.set(name, socket);
    socket.once('close', () => {
      if (open.get(name) === socket) open.delete(name);
      forget(socket);
    });
    groups.set(socket, group);
    const own = (perAddress.get(group) ?? 0) + 1;
    perAddress.set(group, own);
    const proxy = isProxy(remoteAddress);
    if (!proxy) {
      unknown.add(socket);
      unknownOf.set(group, (unknownOf.get(group) ?? new Set()).add(socket));
    }
    if (!proxy && own > limits.connectionsPerAddress) {
      close(unknownOf.get(group)?.values().next().value ?? socket, 'address');
    } else if (open.size > limits.connections) close(unknown.values().next().value ?? socket, 'all');
  });

  return {
    identified: (socket) => {
      const known = open.get(nameOf(socket));
      if (known !== undefined) makeKnown(known);
    },
    closeAll: () => {
      for (const socket of open.values()) socket.destroy();
    },
  };
};
