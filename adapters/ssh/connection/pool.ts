import type { Duplex } from 'node:stream';
import { QuorateError } from '../../../model/failures/failure.js';
import {
  resolveHost,
  unresolved,
  type ConfigContext,
  type Destination,
  type HostPlace,
  type ResolvedHost,
} from '../config/client-config.js';
import { shellOf } from '../config/shell.js';
import { unreachable } from './connect-failure.js';
import { openConnection, type Connection, type ConnectionSettings } from './connection.js';
import { createConnections, type Connections, type ConnectionsSettings, type Usage } from './connections.js';
import { startProxyCommand } from './proxy-command.js';
import type { Session } from './sessions.js';

export interface PoolSettings extends ConnectionSettings, ConnectionsSettings {}

interface Lease {
  readonly connection: Connection;
  readonly session: Session;
  /** The host grants no more than so many sessions over one connection. */
  limitTo(sessions: number): void;
}

export interface Pool {
  /** A session of a connection to a host: of the open one, of the one that is being opened, or of a new one. */
  acquire(destination: Destination): Promise<Lease>;
  usage(destination: Destination): Usage;
  /** As its configuration was read last, for messages. */
  place(destination: Destination): HostPlace;
  close(): void;
}

const maxHops = 8;

const forward = (hop: Connection, host: ResolvedHost, timeoutMs: number): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(unreachable(host, `jump host ${hop.host.name} cannot reach it: ${why}`));
    const timer = setTimeout(() => fail(`no answer in ${timeoutMs} ms`), timeoutMs);
    try {
      hop.client.forwardOut('127.0.0.1', 0, host.hostName, host.port, (error, channel) => {
        clearTimeout(timer);
        if (error === undefined) resolve(channel);
        else fail(error.message);
      });
    } catch (error) {
      clearTimeout(timer);
      fail(String(error));
    }
  });

/** The failure of a jump host, told as one of the host behind it. */
const throughHop = (host: ResolvedHost, hop: Destination, error: unknown): unknown =>
  error instanceof QuorateError
    ? new QuorateError(error.type, `${host.name} is reached through jump host ${hop.name}: ${error.message}`, {
        host: host.name,
        remedy: error.details.remedy,
        evidence: error.details.evidence,
        cause: error,
      })
    : error;

/** Connections to hosts, shared by all who use them; jump hosts are among them. */
export const createPool = (settings: PoolSettings, context: ConfigContext): Pool => {
  const hosts = new Map<string, Connections>();
  const places = new Map<string, HostPlace>();
  let closed = false;

  const place = (destination: Destination): HostPlace =>
    places.get(JSON.stringify(destination)) ?? unresolved(destination, context);

  /** The host before it on the way, if any. A loop is found here, as waiting for oneself would never end. */
  const hopBefore = (host: ResolvedHost): Destination | undefined => {
    if (host.proxy.kind !== 'jump') return undefined;
    const last = host.proxy.hops.at(-1);
    if (last === undefined) return undefined;
    const via = host.proxy.hops.slice(0, -1);
    return via.length === 0 ? last : { ...last, via };
  };
  const requireNoLoop = async (host: ResolvedHost): Promise<void> => {
    const trail = [host.name];
    for (let hop = hopBefore(host); hop !== undefined; hop = hopBefore(await resolveHost(hop, context))) {
      trail.push(hop.name);
      if (trail.length <= maxHops) continue;
      throw new QuorateError(
        'InvalidSpecification',
        `the jump hosts of ${host.name} form a loop: ${trail.join(' < ')}`,
        {
          host: host.name,
          remedy: `correct ProxyJump in ${host.configFiles.join(' or ')} (a "Host *" applies to the jump host too)`,
        },
      );
    }
  };

  const connect = async (destination: Destination): Promise<Connection> => {
    if (closed) throw unreachable(place(destination), 'the connections of this process were closed');
    const host = await resolveHost(destination, context);
    places.set(JSON.stringify(destination), host);
    if (host.proxy.kind === 'command') {
      return openConnection(host, settings, startProxyCommand(host.proxy.command, shellOf(context.environment)));
    }
    await requireNoLoop(host);
    const hop = hopBefore(host);
    if (hop === undefined) return openConnection(host, settings);
    const entry = connectionsTo(hop).any();
    const release = entry.forward();
    try {
      const jump = await entry.opening.catch((error: unknown) => Promise.reject(throughHop(host, hop, error)));
      const socket = await forward(jump, host, host.connectTimeoutMs ?? settings.readyTimeoutMs);
      const connection = await openConnection(host, settings, { socket });
      connection.onLost(release);
      return connection;
    } catch (error) {
      release();
      throw error;
    }
  };

  const connectionsTo = (destination: Destination): Connections => {
    const key = JSON.stringify(destination);
    const known = hosts.get(key);
    if (known !== undefined) return known;
    const made = createConnections(settings, () => connect(destination));
    hosts.set(key, made);
    return made;
  };

  return {
    acquire: async (destination) => {
      const connections = connectionsTo(destination);
      const { entry, session } = await connections.take();
      try {
        return { connection: await entry.opening, session, limitTo: connections.limitTo };
      } catch (error) {
        session.free();
        throw error;
      }
    },
    usage: (destination) =>
      hosts.get(JSON.stringify(destination))?.usage() ?? { connections: 0, waiting: 0, commands: 0, abandoned: 0 },
    place,
    close: () => {
      closed = true;
      for (const connections of hosts.values()) connections.close();
    },
  };
};
