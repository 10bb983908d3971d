import type { Faults } from '../faults.js';
import { bitsPerSecond } from '../rate.js';
import type { SimulatedHost } from './host.js';
import type { World } from './world.js';

/** Faults of the lab, and those that a simulated host can have besides. */
export interface SimulatedFaults extends Faults {
  /** How long a new etcd member of the host needs to catch up, milliseconds on an ordinary host; Infinity: it never does. */
  slowLearner(host: string, milliseconds: number): void;
  /** How far the host's clock is ahead, milliseconds. */
  clock(host: string, aheadMs: number): void;
  /** Packets larger than that do not get through to the host. */
  mtu(host: string, bytes: number): void;
  /**
   * The connection on which the next command arrives over SSH breaks before that has begun, or when it has run.
   * @returns a promise of the break
   */
  loseCommand(host: string, when: 'before' | 'after'): Promise<void>;
  /**
   * Somebody does something on the host, or anywhere, in the moment before a command begins that arrives over SSH and whose
   * text matches; each time, until the answer is called.
   */
  beforeCommand(host: string, pattern: RegExp, work: () => Promise<void> | void): () => void;
}

const ordinaryLearnerMs = 300;
const ordinaryMtu = 1500;
/** What a new etcd member of a small cluster receives until it has caught up. */
const snapshotBits = 2_000_000 * 8;

export const makeFaults = (world: World, host: (name: string) => SimulatedHost): SimulatedFaults => {
  const { network } = world;
  const full = new Map<string, number>();
  const machine = (name: string) => host(name).machine;
  const done = Promise.resolve();
  const faults: SimulatedFaults = {
    isolate: (name) => {
      network.drop({ from: machine(name).name });
      network.drop({ to: name });
      machine(name).reachableBySsh = false;
      return done;
    },
    partition: (a, b) => {
      network.drop({ from: machine(a).name, to: machine(b).name });
      network.drop({ from: b, to: a });
      return done;
    },
    oneWay: (from, to) => {
      network.drop({ from: machine(from).name, to: machine(to).name });
      return done;
    },
    loss: (name, percent) => {
      if (!(percent >= 0 && percent <= 100)) throw new Error(`Loss is 0 to 100 percent, not ${percent}`);
      if (percent === 100) return faults.isolate(name);
      machine(name).lossPercent = percent;
      return done;
    },
    dropPort: (name, port) => {
      network.drop({ to: machine(name).name, port });
      return done;
    },
    rejectPort: (name, port) => {
      machine(name).rejectedPorts.add(port);
      network.linksChanged();
      return done;
    },
    rate: (name, limit, port = 2380) => {
      if (port !== 2380) throw new Error(`The simulation knows how slow etcd's peers are, not port ${port}`);
      machine(name).learnerSyncMs = ordinaryLearnerMs + (snapshotBits / bitsPerSecond(limit)) * 1000;
      return done;
    },
    cable: (name, state) => {
      if (!machine(name).isOn) throw new Error(`${name} is off: it has no cable`);
      machine(name).cableIn = state === 'in';
      return done;
    },
    cutFrom: (_who, name) => {
      machine(name).reachableBySsh = false;
      return done;
    },
    fillDisk: (name, leaveMiB = 0) => {
      const { files } = machine(name);
      const before = full.get(name);
      full.set(name, before ?? files.freeBytes);
      files.freeBytes = Math.min(files.freeBytes, leaveMiB * 2 ** 20);
      return done;
    },
    freeDisk: (name) => {
      const before = full.get(name);
      if (before !== undefined) machine(name).files.freeBytes = before;
      full.delete(name);
      return done;
    },
    slowLearner: (name, milliseconds) => {
      machine(name).learnerSyncMs = milliseconds;
    },
    clock: (name, aheadMs) => {
      machine(name).clockOffsetMs = aheadMs;
    },
    mtu: (name, bytes) => {
      machine(name).pathMtu = bytes;
    },
    loseCommand: (name, when) =>
      new Promise((resolve) => machine(name).lostCommands.push({ when, lost: () => resolve() })),
    beforeCommand: (name, pattern, work) => {
      const { beforeCommands } = machine(name);
      const before = { pattern, work };
      beforeCommands.add(before);
      return () => void beforeCommands.delete(before);
    },
    clear: async () => {
      for (const one of world.machines.values()) {
        one.rejectedPorts.clear();
        one.lostCommands.length = 0;
        one.beforeCommands.clear();
        one.lossPercent = 0;
        one.learnerSyncMs = ordinaryLearnerMs;
        one.clockOffsetMs = 0;
        one.pathMtu = ordinaryMtu;
        if (one.isOn && !one.cableIn) one.cableIn = true;
        if (!one.reachableBySsh) one.reachableBySsh = true;
        await faults.freeDisk(one.name);
      }
      network.clearDrops();
    },
  };
  return faults;
};
