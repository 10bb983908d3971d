import type { Connection } from './connection.js';
import { createSessions, type Session, type Sessions } from './sessions.js';

export interface ConnectionsSettings {
  /** A connection that nobody uses is closed after this time. */
  readonly idleMs: number;
  /** Commands at a time over one connection, and over all of them where the host grants fewer. */
  readonly maxSessions: number;
  readonly maxConnections: number;
}

/** One connection to a host, open or being opened. */
export interface Entry {
  readonly opening: Promise<Connection>;
  readonly sessions: Sessions;
  /** Counts who uses it as a jump host; the way to take that back. */
  forward(): () => void;
}

/** What the connections to a host are used for now. */
export interface Usage {
  readonly connections: number;
  /** Commands that wait for a session. */
  readonly waiting: number;
  readonly commands: number;
  readonly abandoned: number;
}

/** The connections to one host: one, unless it grants so few sessions over each that commands would wait for others. */
export interface Connections {
  /** A session of one of them, which is perhaps still being opened; waits while all are taken. */
  take(): Promise<{ entry: Entry; session: Session }>;
  /** Any of them, for a forwarding: that is no session. */
  any(): Entry;
  /** The host grants no more than so many sessions over a connection. */
  limitTo(sessions: number): void;
  usage(): Usage;
  close(): void;
}

interface State extends Entry {
  connection?: Connection;
  forwards: number;
  /** Gets no more commands, and is closed when those are over that it has, given up or not. */
  retired: boolean;
  idle?: NodeJS.Timeout;
}

/**
 * A command that was given up keeps its session until it ends, and its connection with it: closing that could kill it
 * (logind's KillUserProcesses, a broken pipe). So a host of few sessions is asked for another connection instead.
 * `open` connects.
 */
export const createConnections = (settings: ConnectionsSettings, open: () => Promise<Connection>): Connections => {
  const states = new Set<State>();
  const waiting = new Set<() => void>();
  let limit = settings.maxSessions;

  const all = (count: (sessions: Sessions) => number): number =>
    [...states].reduce((sum, { sessions }) => sum + count(sessions), 0);
  const commands = (): number => all(({ taken, abandoned }) => taken - abandoned);
  const isAlive = ({ connection }: State): boolean => connection === undefined || connection.isAlive();
  const hasRoom = (state: State): boolean => isAlive(state) && state.sessions.taken < limit;
  /** Half of its sessions are held by commands that were given up. */
  const isSpent = ({ retired, sessions }: State): boolean => retired || sessions.abandoned * 2 >= limit;

  const wake = (): void => {
    for (const goOn of waiting) goOn();
    waiting.clear();
  };
  const drop = (state: State): void => {
    clearTimeout(state.idle);
    if (!states.delete(state)) return;
    // What the host grants may be more by the next time.
    if (states.size === 0) limit = settings.maxSessions;
    wake();
  };
  const rest = (state: State): void => {
    clearTimeout(state.idle);
    if (!states.has(state) || state.connection === undefined) return;
    if (state.sessions.taken > 0 || state.forwards > 0) return;
    const close = (): void => {
      drop(state);
      state.connection?.close();
    };
    if (state.retired) close();
    else state.idle = setTimeout(close, settings.idleMs).unref();
  };

  const start = (): State => {
    for (const state of states) {
      state.retired = isSpent(state);
      rest(state);
    }
    const state: State = {
      opening: open(),
      sessions: createSessions((isLeaked) => {
        state.retired ||= isLeaked;
        rest(state);
        wake();
      }),
      forwards: 0,
      retired: false,
      forward: () => {
        clearTimeout(state.idle);
        state.forwards++;
        let back = false;
        return () => {
          if (back) return;
          back = true;
          state.forwards--;
          rest(state);
        };
      },
    };
    states.add(state);
    state.opening.then(
      (connection) => {
        state.connection = connection;
        connection.onLost(() => drop(state));
        if (states.has(state)) rest(state);
        else connection.close();
      },
      () => drop(state),
    );
    return state;
  };

  /** The connection for the next command; none when it has to wait. */
  const choose = (): State | undefined => {
    const fit = [...states].filter((state) => isAlive(state) && !isSpent(state));
    const grantsFew = limit < settings.maxSessions && commands() < settings.maxSessions;
    const mayStart = states.size < settings.maxConnections && (fit.length === 0 || grantsFew);
    return fit.find(hasRoom) ?? (mayStart ? start() : [...states].find(hasRoom));
  };

  return {
    take: async () => {
      for (;;) {
        const state = choose();
        if (state !== undefined) {
          clearTimeout(state.idle);
          return { entry: state, session: state.sessions.take() };
        }
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
    any: () => {
      const alive = [...states].filter(isAlive);
      return alive.find((state) => !isSpent(state)) ?? alive[0] ?? start();
    },
    limitTo: (sessions) => {
      limit = Math.max(1, Math.min(limit, sessions));
      wake();
    },
    usage: () => ({
      connections: states.size,
      waiting: waiting.size,
      commands: commands(),
      abandoned: all(({ abandoned }) => abandoned),
    }),
    close: () => {
      for (const state of states) {
        drop(state);
        state.connection?.close();
      }
    },
  };
};
