import type { BackendFacts } from '../../model/facts/cluster-facts.js';
import { QuorateError } from '../../model/failures/failure.js';
import type { Host } from '../ssh/types.js';
import { applyDecision } from './apply.js';
import type { Server } from './configuration.js';
import { asTheyRun, decide, type Frame, type Wish } from './decide.js';
import { heldTo } from './older-processes.js';
import { onEachHost } from './on-each-host.js';
import { readHaproxy, requireConfigurable, requireOwn, type Reading } from './reading.js';
import type { LoadBalancer, Note } from './types.js';
import { socketSilent, waitUntilUp } from './wait-until-up.js';

export interface HaproxyOptions extends Frame {
  readonly hosts: readonly Host[];
  /** Port of the API servers. */
  readonly serverPort: number;
}

/** What became of a wish on one host. */
interface Done {
  readonly host: string;
  readonly result: 'changed' | 'already' | 'unknown-server';
  /** What older processes of HAProxy held to the server, or hold; empty when nothing. */
  readonly older?: string;
}

/** How often the file may change under a decision before that is an error. */
const attempts = 5;

const isKnown = ({ servers, runtime, older }: Reading, name: string): boolean =>
  servers?.some((server) => server.name === name) === true ||
  runtime?.servers.some((server) => server.name === name) === true ||
  heldTo(older, name) > 0;

/** Nothing to do for a server that is nowhere, unless HAProxy is silent about it. */
const isAbsent = (reading: Reading, name: string): boolean =>
  reading.servers === undefined || (reading.runtime !== undefined && !isKnown(reading, name));

const noteOf = (done: readonly Done[], changed: string, already: string, unknown: string): Note => {
  const namesWith = (result: Done['result']): string[] =>
    done.filter((one) => one.result === result).map(({ host }) => host);
  const parts = (
    [
      [changed, namesWith('changed')],
      [already, namesWith('already')],
      [unknown, namesWith('unknown-server')],
    ] as const
  ).filter(([, hosts]) => hosts.length > 0);
  return [
    ...parts.map(([words, hosts]) => `${words} on ${hosts.join(', ')}`),
    ...done.flatMap(({ older = '' }) => (older === '' ? [] : [older])),
  ].join('; ');
};

/**
 * HAProxy on one or more hosts over SSH (tested with 2.6, Debian's unit and paths). The configuration file is the record of
 * what is registered; it is written whole, checked by HAProxy, replaced at once, and what runs is compared with it. An
 * address that moves between the hosts (keepalived) is the operator's and is left alone.
 */
export const haproxyLoadBalancer = ({ hosts, serverPort, ...frame }: HaproxyOptions): LoadBalancer => {
  const { backend, cluster } = frame;

  /** What a host that was never configured has to know: the servers of its peers. */
  const inherited = async (host: Host, readings: ReadonlyMap<Host, Promise<Reading>>): Promise<readonly Server[]> => {
    const peers = await Promise.allSettled(
      [...readings].filter(([peer]) => peer !== host).map(([, reading]) => reading),
    );
    const configured = peers.find((peer) => peer.status === 'fulfilled' && peer.value.servers !== undefined);
    if (configured?.status === 'fulfilled') return asTheyRun(configured.value);
    if (peers.every((peer) => peer.status === 'fulfilled')) return [];
    throw new QuorateError(
      'LoadBalancerUnavailable',
      `HAProxy on ${host.name} is not configured yet, and which servers it needs is not known while another load balancer cannot be read`,
      { host: host.name, remedy: 'see to the other load balancer, then retry' },
    );
  };

  const carryOut = async (
    host: Host,
    first: Promise<Reading>,
    wish: Wish,
    known: () => Promise<readonly Server[]>,
  ): Promise<Omit<Done, 'host'>> => {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const reading = attempt === 1 ? await first : await readHaproxy(host, backend);
      requireOwn(host, reading, cluster);
      if (wish.at === undefined && isAbsent(reading, wish.name)) return { result: 'unknown-server' };
      requireConfigurable(host, reading);
      const decision = decide(reading, reading.servers ?? (await known()), wish, frame);
      if (decision.write === undefined) return { result: 'already' };
      const applied = await applyDecision(host, decision, wish);
      if (applied.kind === 'done') return { result: 'changed', older: applied.older };
    }
    throw new QuorateError(
      'LoadBalancerUnavailable',
      `the configuration of HAProxy on ${host.name} was changed by something else again and again`,
      { host: host.name, remedy: `find out what else writes it on ${host.name} and stop that, then retry` },
    );
  };

  const bringAbout = (wish: Wish): Promise<Done[]> => {
    const readings = new Map(hosts.map((host) => [host, readHaproxy(host, backend)]));
    return onEachHost(hosts, async (host) => {
      const reading = readings.get(host) ?? readHaproxy(host, backend);
      return { host: host.name, ...(await carryOut(host, reading, wish, () => inherited(host, readings))) };
    });
  };

  const describe = async (): Promise<BackendFacts[]> => {
    const facts = await onEachHost(hosts, async (host) => {
      const reading = await readHaproxy(host, backend);
      requireOwn(host, reading, cluster);
      if (reading.servers === undefined) return [];
      if (reading.runtime === undefined) throw socketSilent(host, reading.runtimeError);
      return reading.runtime.servers.map(({ name, address, status, lastCheck }) => ({
        loadBalancer: host.name,
        name,
        address,
        status,
        lastCheck,
      }));
    });
    return facts.flat();
  };

  return {
    describe,
    register: async ({ name, address }, state) => {
      const at = { address, port: serverPort };
      const done = await bringAbout({ name, state: state === 'enabled' ? 'ready' : 'maint', at });
      return noteOf(done, `registered ${name} ${address}:${serverPort}, ${state},`, 'already registered', '');
    },
    enable: async (name) => {
      const done = await bringAbout({ name, state: 'ready' });
      const missing = done.filter(({ result }) => result === 'unknown-server').map(({ host }) => host);
      if (missing.length > 0) {
        throw new QuorateError(
          'CommandFailed',
          `${name} is not registered on ${missing.join(', ')}, so it cannot be enabled`,
          {
            remedy: 'register it first: retry the operation from its beginning',
          },
        );
      }
      return noteOf(done, `enabled ${name}`, `${name} is already enabled`, '');
    },
    disable: async (name) =>
      noteOf(
        await bringAbout({ name, state: 'maint' }),
        `disabled ${name}`,
        `${name} is already disabled`,
        `${name} is not registered`,
      ),
    drain: async (name) =>
      noteOf(
        await bringAbout({ name, state: 'drain' }),
        `draining ${name}`,
        `${name} already gets no new connections`,
        `${name} is not registered`,
      ),
    remove: async (name) =>
      noteOf(
        await bringAbout({ name, state: 'absent' }),
        `removed ${name}`,
        `${name} is already removed`,
        `${name} is not registered`,
      ),
    waitUntilUp: async (name, options) => {
      await onEachHost(hosts, (host) => waitUntilUp(host, backend, name, options));
    },
  };
};
