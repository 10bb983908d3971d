import { createHash } from 'node:crypto';
import { renderConfiguration, revisionOf, type Configuration, type Server } from './configuration.js';
import type { Write } from './host-scripts.js';
import type { Reading } from './reading.js';
import type { AdminState, RunningServer, Runtime } from './runtime.js';

/** What a change wants of one server: that it is there in this state, or that it is gone. */
export interface Wish {
  readonly name: string;
  readonly state: AdminState | 'absent';
  /** Where the server is, to add it or to move it; absent for one that is registered already. */
  readonly at?: { readonly address: string; readonly port: number };
}

export interface Decision {
  readonly configuration: Configuration;
  /** What HAProxy must show when it is done. */
  readonly revision: string;
  /** Text of the new file; absent when the file stays. */
  readonly file: string | undefined;
  /** Absent when nothing is to be done. */
  readonly write: Write | undefined;
}

/** What does not depend on the change. */
export type Frame = Omit<Configuration, 'servers'>;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The servers that shall be in the file. A reload must not change the state of any other server, so for these what
 * runs now counts, also when an operator set it through the socket.
 */
const wantedServers = (known: readonly Server[], running: readonly RunningServer[], wish: Wish): Server[] => {
  const others = known
    .filter((server) => server.name !== wish.name)
    .map((server) => {
      const now = running.find(({ name }) => name === server.name);
      return now === undefined ? server : { ...server, disabled: now.admin !== 'ready' };
    });
  const place = wish.at ?? known.find((server) => server.name === wish.name);
  if (wish.state === 'absent' || place === undefined) return others;
  // A drained server must get nothing new after a restart either, and the file knows no other word for that.
  return [...others, { name: wish.name, address: place.address, port: place.port, disabled: wish.state !== 'ready' }];
};

/** HAProxy's `set server` commands that bring a running server into a state; none when it is in it. */
const commandsFor = (backend: string, server: RunningServer | undefined, state: AdminState): string[] => {
  if (server === undefined || meets(server.admin, state)) return [];
  const target = `${backend}/${server.name}`;
  const command = `set server ${target} state ${state}`;
  return server.admin === 'maint' && state === 'ready' ? [command, distrust(target)] : [command];
};

// HAProxy takes a server that is new or leaves maintenance for healthy until a check fails, and shows the result of a
// check from before the maintenance. This makes it pass a check first.
const distrust = (target: string): string => `set server ${target} health down`;

/** A server in maintenance gets nothing new, which is all that a drain wants. */
const meets = (admin: AdminState, wanted: AdminState): boolean =>
  admin === wanted || (wanted === 'drain' && admin === 'maint');

/** Whether HAProxy runs what was decided, and the server is in the state that was wished for. */
export const isDone = (runtime: Runtime | undefined, revision: string, wish: Wish): boolean => {
  if (runtime?.revision !== revision) return false;
  const server = runtime.servers.find(({ name }) => name === wish.name);
  if (wish.state === 'absent') return server === undefined;
  return server !== undefined && meets(server.admin, wish.state);
};

const afterwards = (
  { name, state }: Wish,
  target: RunningServer | undefined,
  backend: string,
  reload: boolean,
): string[] => {
  if (state === 'absent') return [];
  if (!reload) return commandsFor(backend, target, state);
  // The reload itself brings the server into the state that the file has.
  return state === 'ready' && target?.admin !== 'ready' ? [distrust(`${backend}/${name}`)] : [];
};

/** A file that was edited by hand and loaded keeps its revision: what runs is compared by the servers as well. */
const runsSame = (running: readonly RunningServer[], servers: readonly Server[]): boolean =>
  running.length === servers.length && servers.every(({ name }) => running.some((one) => one.name === name));

/** What to do on a host, from what was read there; `known` are the servers that are registered. Pure. */
export const decide = (reading: Reading, known: readonly Server[], wish: Wish, frame: Frame): Decision => {
  const running = reading.runtime?.servers ?? [];
  const servers = wantedServers(known, running, wish);
  const configuration: Configuration = {
    ...frame,
    ipv6: frame.ipv6 || servers.some(({ address }) => address.includes(':')),
    servers,
  };
  const text = renderConfiguration(configuration);
  const revision = revisionOf(configuration);
  const digest = sha256(text);
  const file = digest === reading.digest ? undefined : text;
  const reload = !reading.active || reading.runtime?.revision !== revision || !runsSame(running, servers);
  const target = running.find(({ name }) => name === wish.name);
  // A server that goes away loses its connections first: the process that keeps them is out of reach after the reload.
  const before = wish.state === 'absent' && reload ? commandsFor(frame.backend, target, 'maint') : [];
  const after = afterwards(wish, target, frame.backend, reload);
  const enableUnit = !reading.startsAtBoot;
  const nothing = file === undefined && !reload && !enableUnit && before.length + after.length === 0;
  const write: Write = {
    expectedDigest: reading.digest,
    ...(file === undefined ? {} : { newDigest: digest }),
    before,
    ...(reload ? { reloadTo: revision } : {}),
    enableUnit,
    after,
  };
  return { configuration, revision, file, write: nothing ? undefined : write };
};
