import type { EtcdCluster } from './etcd/cluster.js';
import { Network } from './network/network.js';
import type { Machine } from './system/machine.js';
import type { Process } from './system/process.js';

export interface WorldOptions {
  /** What takes a second on an ordinary host takes that many here; default 1. */
  readonly timeScale?: number;
  /** Called with an error of the simulation itself. */
  readonly onDefect?: (host: string, error: unknown) => void;
}

/** A load balancer chose a server for a connection. */
export interface Choice {
  readonly loadBalancer: Machine;
  readonly server: string;
  /** A check of the server has succeeded since it was last out of use, or one before a reload that was handed over. */
  readonly proven: boolean;
}

/** All hosts, and what is between them. */
export class World {
  readonly network = new Network();
  readonly machines = new Map<string, Machine>();
  readonly etcdClusters = new Map<string, EtcdCluster>();
  readonly timeScale: number;
  readonly defects: string[] = [];
  /** The simulation is over: nothing more happens by itself. */
  stopped = false;

  constructor(private readonly options: WorldOptions = {}) {
    this.timeScale = options.timeScale ?? 1;
  }

  readonly #processListeners = new Set<(process: Process) => void>();

  /** Called with each process that is started on a host. */
  onProcess(tell: (process: Process) => void): () => void {
    this.#processListeners.add(tell);
    return () => this.#processListeners.delete(tell);
  }

  processStarted(process: Process): void {
    for (const tell of this.#processListeners) tell(process);
  }

  readonly #choiceListeners = new Set<(choice: Choice) => void>();

  /** Called with each choice of a load balancer. */
  onChoice(tell: (choice: Choice) => void): () => void {
    this.#choiceListeners.add(tell);
    return () => this.#choiceListeners.delete(tell);
  }

  chosen(choice: Choice): void {
    for (const tell of this.#choiceListeners) tell(choice);
  }

  /** Whether a host can pull images; as in the lab, there is no way out. */
  registryAnswers: (machine: Machine) => boolean = () => false;

  add(machine: Machine): void {
    this.machines.set(machine.name, machine);
    this.network.add(machine);
  }

  defect(host: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.defects.push(`${host}: ${text}`);
    this.options.onDefect?.(host, error);
  }
}
