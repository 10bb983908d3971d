import type { Duplex } from 'node:stream';
import { QuorateError } from '../../model/failure.js';
import { resolveHost, type ConfigContext, type Destination, type ResolvedHost } from './client-config.js';
import { unreachable } from './connect-failure.js';
import { openConnection, type Connection, type ConnectionSettings } from './connection.js';
import { startProxyCommand } from './proxy-command.js';

export interface PoolSettings extends ConnectionSettings {
  /** A connection that nobody uses is closed after this time. */
  readonly idleMs: number;
}

interface Lease {
  readonly connection: Connection;
  release(): void;
}

export interface Pool {
  /** The connection to a host: the open one, the one that is being opened, or a new one. */
  acquire(destination: Destination): Promise<Lease>;
  close(): void;
}

interface Entry {
  readonly opening: Promise<Connection>;
  connection?: Connection;
  users: number;
  idle?: NodeJS.Timeout;
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

/** One connection per host, shared by all who use it; jump hosts are in it too. */
export const createPool = (settings: PoolSettings, context: ConfigContext): Pool => {
  const entries = new Map<string, Entry>();
  /** Open connections, those too that get no more commands. */
  const open = new Set<Connection>();
  let closed = false;

  const forget = (key: string, entry: Entry): void => {
    if (entries.get(key) === entry) entries.delete(key);
  };

  /** The host before it on the way, if any. A loop is found here, as waiting for oneself would never end. */
  const hopBefore = (host: ResolvedHost): Destination | undefined => {
    if (host.proxy.kind !== 'jump') return undefined;
    const last = host.proxy.hops.at(-1);
    if (last === undefined) return undefined;
    const via = host.proxy.hops.slice(0, -1);
    return via.length === 0 ? last : { ...last, via };
  };
  const requireNoLoop = (host: ResolvedHost): void => {
    const trail = [host.name];
    for (let hop = hopBefore(host); hop !== undefined; hop = hopBefore(resolveHost(hop, context))) {
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
    const host = resolveHost(destination, context);
    if (host.proxy.kind === 'command') return openConnection(host, settings, startProxyCommand(host.proxy.command));
    requireNoLoop(host);
    const hop = hopBefore(host);
    if (hop === undefined) return openConnection(host, settings);
    const lease = await acquire(hop).catch((error: unknown) => Promise.reject(throughHop(host, hop, error)));
    try {
      const socket = await forward(lease.connection, host, host.connectTimeoutMs ?? settings.readyTimeoutMs);
      const connection = await openConnection(host, settings, { socket });
      connection.onLost(() => lease.release());
      return connection;
    } catch (error) {
      lease.release();
      throw error;
    }
  };

  const start = (key: string, destination: Destination): Entry => {
    const entry: Entry = { opening: connect(destination), users: 0 };
    entries.set(key, entry);
    entry.opening.then(
      (connection) => {
        entry.connection = connection;
        open.add(connection);
        connection.onLost(() => {
          open.delete(connection);
          clearTimeout(entry.idle);
          forget(key, entry);
        });
        if (closed) connection.close();
        else if (entry.users === 0) rest(key, entry);
      },
      () => forget(key, entry),
    );
    return entry;
  };

  /** Nobody uses it now. */
  const rest = (key: string, entry: Entry): void => {
    const retired = entries.get(key) !== entry;
    if (retired) return entry.connection?.close();
    clearTimeout(entry.idle);
    entry.idle = setTimeout(() => {
      forget(key, entry);
      entry.connection?.close();
    }, settings.idleMs).unref();
  };

  /** Of no use for more: lost, or half of its sessions may be held by commands that were given up. */
  const isSpent = ({ connection }: Entry): boolean =>
    connection !== undefined && (!connection.isAlive() || connection.abandoned.size * 2 >= settings.maxSessions);

  const acquire = async (destination: Destination): Promise<Lease> => {
    if (closed) throw unreachable(resolveHost(destination, context), 'the connections of this process were closed');
    const key = JSON.stringify(destination);
    let entry = entries.get(key);
    if (entry !== undefined && isSpent(entry)) {
      forget(key, entry);
      if (entry.users === 0) rest(key, entry);
      entry = undefined;
    }
    const used = entry ?? start(key, destination);
    used.users++;
    clearTimeout(used.idle);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      used.users--;
      if (used.users === 0 && used.connection !== undefined) rest(key, used);
    };
    try {
      return { connection: await used.opening, release };
    } catch (error) {
      release();
      throw error;
    }
  };

  return {
    acquire,
    close: () => {
      closed = true;
      for (const entry of entries.values()) clearTimeout(entry.idle);
      entries.clear();
      for (const connection of open) connection.close();
    },
  };
};
