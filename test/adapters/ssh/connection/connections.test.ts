import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../../adapters/ssh/connection/connection.js';
import { createConnections, type Connections, type Entry } from '../../../../adapters/ssh/connection/connections.js';
import type { Session } from '../../../../adapters/ssh/connection/sessions.js';

interface Fake extends Connection {
  lose(): void;
}

const fakeConnection = (): Fake => {
  let alive = true;
  const listeners: ((cause: string) => void)[] = [];
  const gone = (): void => {
    if (!alive) return;
    alive = false;
    for (const listener of listeners) listener('gone');
  };
  return {
    isAlive: () => alive,
    onLost: (listener) => {
      listeners.push(listener);
      return () => undefined;
    },
    close: gone,
    lose: gone,
  } as Partial<Fake> as Fake;
};

const setUp = (maxSessions = 8, maxConnections = 8) => {
  const made: Fake[] = [];
  const connections = createConnections({ idleMs: 60_000, maxSessions, maxConnections }, async () => {
    const connection = fakeConnection();
    made.push(connection);
    return connection;
  });
  const open = (): readonly boolean[] => made.map((connection) => connection.isAlive());
  return { connections, made, open };
};

const take = async (connections: Connections, count: number) => {
  const taken: { entry: Entry; session: Session }[] = [];
  for (let i = 0; i < count; i++) taken.push(await connections.take());
  for (const { entry, session } of taken) {
    await entry.opening;
    session.granted();
  }
  return taken;
};

/** Whether it has come so far once everything that can happen by itself has happened. */
const isThere = async (promise: Promise<unknown>): Promise<boolean> => {
  let there = false;
  void promise.then(() => (there = true));
  await turn();
  return there;
};

describe('createConnections', () => {
  it('has one connection, and makes others wait while its sessions are taken', async () => {
    const { connections, open } = setUp(2);
    const [first] = await take(connections, 2);
    const third = connections.take();
    expect(await isThere(third)).toBe(false);
    expect(connections.usage()).toEqual({ connections: 1, waiting: 1, commands: 2, abandoned: 0 });
    first?.session.free();
    expect(await isThere(third)).toBe(true);
    expect(open()).toEqual([true]);
  });

  it('R21: opens another when commands that were given up hold half of the sessions, and closes the first with the last of them', async () => {
    const { connections, open } = setUp(4);
    const [one, two, three] = await take(connections, 3);
    one?.session.abandon();
    two?.session.abandon();
    const [other] = await take(connections, 1);
    expect(other?.entry).not.toBe(one?.entry);
    two?.session.free();
    three?.session.free();
    expect(open()).toEqual([true, true]);
    one?.session.free();
    expect(open()).toEqual([false, true]);
  });

  it('R21: opens others once the host has shown that it grants fewer, for as many commands as before', async () => {
    const { connections, open } = setUp(4);
    await take(connections, 2);
    connections.limitTo(2);
    await take(connections, 2);
    expect(open()).toEqual([true, true]);
    expect(await isThere(connections.take())).toBe(false);
    expect(open()).toEqual([true, true]);
  });

  it('R21: opens no more than it may, whatever was given up', async () => {
    const { connections, open } = setUp(1, 3);
    const taken: { session: Session }[] = [];
    for (let i = 0; i < 3; i++) {
      const [one] = await take(connections, 1);
      one?.session.abandon();
      if (one !== undefined) taken.push(one);
    }
    const next = connections.take();
    expect(await isThere(next)).toBe(false);
    expect(connections.usage()).toEqual({ connections: 3, waiting: 1, commands: 0, abandoned: 3 });
    taken[1]?.session.free();
    expect(await isThere(next)).toBe(true);
    // The one whose command has ended was closed, for the one that is open now.
    expect(open()).toEqual([true, false, true, true]);
  });

  it('uses what is left of an old connection when it may not open another', async () => {
    const { connections } = setUp(4, 1);
    const [one, two] = await take(connections, 2);
    one?.session.abandon();
    two?.session.abandon();
    expect(await isThere(connections.take())).toBe(true);
  });

  it('a lost connection lets go on who waits, over a new one', async () => {
    const { connections, made, open } = setUp(1);
    await take(connections, 1);
    const next = connections.take();
    expect(await isThere(next)).toBe(false);
    made[0]?.lose();
    expect(await isThere(next)).toBe(true);
    expect(open()).toEqual([false, true]);
  });

  it('a jump host is kept while somebody is behind it, and asks for no session', async () => {
    const { connections, open } = setUp(1);
    const [one] = await take(connections, 1);
    const back = connections.any().forward();
    one?.session.abandon();
    await take(connections, 1);
    one?.session.free();
    expect(open()).toEqual([true, true]);
    back();
    back();
    expect(open()).toEqual([false, true]);
    connections.close();
    expect(open()).toEqual([false, false]);
  });

  it('R21: a session that nobody can close ends its connection with the last of the others', async () => {
    const { connections, open } = setUp(2);
    const [one, two] = await take(connections, 2);
    one?.session.leak();
    await take(connections, 1);
    expect(open()).toEqual([true, true]);
    two?.session.free();
    expect(open()).toEqual([false, true]);
  });

  it('R21: what the host grants is learned anew once there is no connection', async () => {
    const { connections, made, open } = setUp(2);
    await take(connections, 1);
    connections.limitTo(1);
    await take(connections, 1);
    for (const connection of made) connection.lose();
    await take(connections, 2);
    expect(open()).toEqual([false, false, true]);
  });
});
