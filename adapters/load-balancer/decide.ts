import { createHash } from 'node:crypto';
import { sameAddress } from '../../model/network-address.js';
import { renderConfiguration, revisionOf, type Configuration, type Server } from './configuration.js';
import { heldTo } from './older-processes.js';
import type { Reading } from './reading.js';
import type { AdminState, RunningServer, Runtime } from './runtime.js';
import { stateAtStart, type HandedOver } from './server-state.js';
import type { Write } from './write-script.js';

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

/** A server as it shall be, in the file and in the process that loads it. */
type Wanted = Server & HandedOver;

const isSame = (server: Server, now: RunningServer | undefined): now is RunningServer =>
  now !== undefined && sameAddress(server.address, now.address);

// A drained server must get nothing new after a restart either, and the file knows no other word for that.
const wanted = (server: Server, admin: AdminState, now: RunningServer | undefined): Wanted => ({
  name: server.name,
  address: server.address,
  port: server.port,
  disabled: admin !== 'ready',
  admin,
  ...(isSame(server, now) ? { runsAt: now.address } : {}),
});

/**
 * The servers that there shall be. A reload must not change the state of any other server, so for these what runs now
 * counts, also when an operator set it through the socket.
 */
const wantedServers = (known: readonly Server[], running: readonly RunningServer[], wish: Wish): Wanted[] => {
  const runningAs = (name: string): RunningServer | undefined => running.find((one) => one.name === name);
  const others = known
    .filter((server) => server.name !== wish.name)
    .map((server) => {
      const now = runningAs(server.name);
      return wanted(server, now?.admin ?? (server.disabled ? 'maint' : 'ready'), now);
    });
  const place = wish.at ?? known.find((server) => server.name === wish.name);
  if (wish.state === 'absent' || place === undefined) return others;
  const now = runningAs(wish.name);
  const admin = now !== undefined && meets(now.admin, wish.state) ? now.admin : wish.state;
  return [...others, wanted({ name: wish.name, ...place, disabled: false }, admin, now)];
};

/** The servers of a file, with what an operator ordered for them since through the socket. */
export const asTheyRun = ({ servers, runtime }: Pick<Reading, 'servers' | 'runtime'>): readonly Server[] =>
  (servers ?? []).map((server) => {
    const now = runtime?.servers.find(({ name }) => name === server.name);
    return now === undefined ? server : { ...server, disabled: now.admin !== 'ready' };
  });

/** HAProxy's `set server` commands that bring a running server into a state; none when it is in it. */
const commandsFor = (backend: string, server: RunningServer | undefined, state: AdminState): string[] => {
  if (server === undefined || meets(server.admin, state)) return [];
  const target = `set server ${backend}/${server.name}`;
  if (state !== 'ready') return [`${target} state ${state}`];
  // HAProxy takes a server that leaves maintenance for healthy until a check fails, and shows the result of a check from
  // before the maintenance. So it leaves it as one that gets nothing new, and has to pass a check before it does; as does
  // one that is drained and has not.
  return [
    ...(server.admin === 'maint' ? [`${target} state drain`] : []),
    ...(server.status === 'DRAIN' ? [] : [`${target} health down`]),
    `${target} state ready`,
  ];
};

/** A server in maintenance gets nothing new, which is all that a drain wants. */
const meets = (admin: AdminState, wish: AdminState): boolean =>
  admin === wish || (wish === 'drain' && admin === 'maint');

/** Whether HAProxy runs what was decided, and the server is in the state that was wished for. */
export const isDone = (runtime: Runtime | undefined, revision: string, wish: Wish): boolean => {
  if (runtime?.revision !== revision) return false;
  const server = runtime.servers.find(({ name }) => name === wish.name);
  if (wish.state === 'absent') return server === undefined;
  return server !== undefined && meets(server.admin, wish.state);
};

/** A file that was edited by hand and loaded keeps its revision: what runs is compared by the servers as well. */
const runsSame = (running: readonly RunningServer[], servers: readonly Server[]): boolean =>
  running.length === servers.length &&
  servers.every((server) =>
    isSame(
      server,
      running.find(({ name }) => name === server.name),
    ),
  );

/** What to do on a host, from what was read there; `known` are the servers that are registered. Pure. */
export const decide = (reading: Reading, known: readonly Server[], wish: Wish, frame: Frame): Decision => {
  const { backend } = frame;
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
  const atStart = stateAtStart(configuration);
  const putState = sha256(atStart) !== reading.stateDigest;
  const reload = !reading.active || reading.runtime?.revision !== revision || !runsSame(running, servers);
  const target = running.find(({ name }) => name === wish.name);
  const takesOut = wish.state === 'maint' || wish.state === 'absent';
  // A server that is taken out loses its connections first: the process that has them is hard to reach after a reload.
  const before = takesOut && reload ? commandsFor(backend, target, 'maint') : [];
  const after = reload || wish.state === 'absent' ? [] : commandsFor(backend, target, wish.state);
  // Of a server that had no traffic until now older processes hold nothing, or it was said when it was taken out.
  const served = target !== undefined && target.admin !== 'maint';
  const endsOlder = takesOut && (served || heldTo(reading.older, wish.name) > 0);
  const enableUnit = !reading.startsAtBoot;
  const nothing = file === undefined && !putState && !reload && !enableUnit && after.length === 0 && !endsOlder;
  const write: Write = {
    backend,
    expectedDigest: reading.digest,
    ...(file === undefined ? {} : { newDigest: digest }),
    stateAtStart: atStart,
    putState,
    before,
    ...(reload ? { reload: { to: revision, servers } } : {}),
    enableUnit,
    after,
    ...(endsOlder ? { endOlder: wish.name } : {}),
  };
  return { configuration, revision, file, write: nothing ? undefined : write };
};
