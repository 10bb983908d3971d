import type { Machine } from '../system/machine.js';
import type { Process } from '../system/process.js';
import type { Service } from './service.js';

/** A port that a process has open. */
export interface Listener {
  readonly port: number;
  /** `0.0.0.0`, `*` for both families, or one address of the host. */
  readonly address: string;
  readonly process: Process;
  /** Name in the output of `ss`; default the program's. */
  readonly name?: string;
  readonly service: Service;
}

export interface Connection {
  readonly result: 'open';
  readonly machine: Machine;
  readonly listener: Listener;
}

export type Dialled = Connection | { readonly result: 'refused' | 'unreachable' };

/** What becomes of a packet for a port, seen from a host. */
type Verdict = 'open' | 'refused' | 'silent' | 'unreachable';

/** A fault of the network between hosts: what matches is dropped. Names of hosts; absent is any. */
export interface Drop {
  readonly from?: string;
  readonly to?: string;
  readonly port?: number;
}

/** How long the kernel tries to connect to somebody who says nothing. */
const connectTimeoutMs = 127_000;

export class Network {
  readonly #byAddress = new Map<string, Machine>();
  readonly #byName = new Map<string, Machine>();
  readonly #drops = new Set<Drop>();
  #changed: (() => void)[] = [];
  readonly #links = new Set<() => void>();

  add(machine: Machine): void {
    this.#byName.set(machine.name, machine);
    this.addAddress(machine.address, machine);
  }

  /** Another address of a host, such as a virtual one; it leaves the host that had it. */
  addAddress(address: string, machine: Machine): void {
    this.#byAddress.set(address, machine);
    this.linksChanged();
  }

  /** Takes an address from a host that still has it. */
  removeAddress(address: string, machine: Machine): void {
    if (this.#byAddress.get(address) !== machine) return;
    this.#byAddress.delete(address);
    this.linksChanged();
  }

  at(address: string): Machine | undefined {
    return this.#byAddress.get(address);
  }

  /** Address of a name, as every host's resolver has it. */
  resolve(name: string): string | undefined {
    if (/^[\d.]+$/.test(name) || name.includes(':')) return name;
    return name === 'localhost' ? '127.0.0.1' : this.#byName.get(name)?.address;
  }

  drop(fault: Drop): void {
    this.#drops.add(fault);
    this.linksChanged();
  }

  clearDrops(): void {
    this.#drops.clear();
    this.linksChanged();
  }

  /** Something about hosts, links or ports has changed: whoever waits for an answer looks again. */
  changed(): void {
    const waiting = this.#changed;
    this.#changed = [];
    for (const tell of waiting) tell();
  }

  /** Called when a host or a link has changed, but not for each port. */
  onLinksChanged(tell: () => void): () => void {
    this.#links.add(tell);
    return () => this.#links.delete(tell);
  }

  linksChanged(): void {
    for (const tell of Array.from(this.#links)) tell();
    this.changed();
  }

  whenChanged(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #dropped(from: Machine, to: Machine, port: number): boolean {
    for (const drop of this.#drops) {
      if (drop.from !== undefined && drop.from !== from.name) continue;
      if (drop.to !== undefined && drop.to !== to.name) continue;
      if (drop.port === undefined || drop.port === port) return true;
    }
    return false;
  }

  /** Whether packets get from one host to another and back. */
  reaches(from: Machine, to: Machine, port: number): boolean {
    if (from === to) return from.isOn;
    const linked = from.isOn && to.isOn && from.cableIn && to.cableIn;
    // An answer goes to a port that nobody drops by number.
    return linked && !this.#dropped(from, to, port) && !this.#dropped(to, from, 0);
  }

  verdict(from: Machine, address: string, port: number): { verdict: Verdict; machine?: Machine; listener?: Listener } {
    const own = address === '127.0.0.1' || address === '::1' || address === from.address;
    const machine = own ? from : this.#byAddress.get(address);
    if (machine === undefined) return { verdict: 'unreachable' };
    if (!this.reaches(from, machine, port)) return { verdict: 'silent' };
    if (machine.rejectedPorts.has(port)) return { verdict: 'refused', machine };
    const listener = machine.listeners.find(
      (one) => one.port === port && (['0.0.0.0', '*'].includes(one.address) || one.address === address),
    );
    return listener === undefined ? { verdict: 'refused', machine } : { verdict: 'open', machine, listener };
  }

  /** Connects; with somebody who says nothing it takes its time. */
  async dial(from: Machine, address: string, port: number): Promise<Dialled> {
    const deadline = Date.now() + connectTimeoutMs;
    for (;;) {
      const { verdict, machine, listener } = this.verdict(from, address, port);
      if (verdict === 'open' && machine !== undefined && listener !== undefined) {
        await lostPackets(from, machine);
        return { result: 'open', machine, listener };
      }
      if (verdict === 'refused' || verdict === 'unreachable') return { result: verdict };
      const left = deadline - Date.now();
      if (left <= 0) return { result: 'unreachable' };
      await Promise.race([this.whenChanged(), later(left)]);
    }
  }
}

/** A packet that was lost is sent again after a second. */
const lostPackets = async (from: Machine, to: Machine): Promise<void> => {
  const percent = from === to ? 0 : Math.max(from.lossPercent, to.lossPercent);
  if (percent === 0) return;
  for (let wait = 1_000; Math.random() * 100 < percent; wait *= 2) await later(wait * from.world.timeScale);
};

const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
