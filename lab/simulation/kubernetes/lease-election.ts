import { randomUUID } from 'node:crypto';
import type { Machine } from '../system/machine.js';
import type { World } from '../world.js';

/** A process that leads while it holds the lease. */
export interface Candidate {
  readonly machine: Machine;
  readonly identity: string;
  /** It runs and reaches an API server that serves. */
  readonly isAble: () => boolean;
}

const leaseMs = 15_000;
const renewMs = 2_000;

export const identityOf = (machine: Machine): string => `${machine.hostname}_${randomUUID()}`;

/** Leader election by a Lease: another one takes it when it has not been renewed for its duration. */
export class LeaseElection {
  readonly #candidates = new Set<Candidate>();
  holder: Candidate | undefined;
  /** When it was renewed last, milliseconds since the epoch. */
  #renewedAt = 0;
  #holderWasAble = false;
  #timer: NodeJS.Timeout | undefined;
  #listeners: (() => void)[] = [];
  transitions = 0;
  acquiredAt = 0;

  constructor(
    private readonly world: World,
    readonly name: string,
  ) {}

  onHolder(tell: () => void): void {
    this.#listeners.push(tell);
  }

  join(candidate: Candidate): void {
    this.#candidates.add(candidate);
    this.evaluate();
  }

  leave(candidate: Candidate): void {
    this.#candidates.delete(candidate);
    this.evaluate();
  }

  /** The holder, while it can renew. */
  get leader(): Candidate | undefined {
    const { holder } = this;
    return holder !== undefined && this.#candidates.has(holder) && holder.isAble() ? holder : undefined;
  }

  /** As the Lease says it: what has passed since is told in the time of ordinary hosts. */
  get renewedAt(): number {
    const now = Date.now();
    if (this.leader === undefined) return now - (now - this.#renewedAt) / this.world.timeScale;
    return now - (now % renewMs);
  }

  evaluate(): void {
    if (this.world.stopped) return;
    if (this.leader !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      if (!this.#holderWasAble) {
        this.#holderWasAble = true;
        for (const tell of this.#listeners) tell();
      }
      return;
    }
    if (this.#holderWasAble) {
      this.#holderWasAble = false;
      this.#renewedAt = Date.now();
    }
    if (this.#timer !== undefined) return;
    const next = [...this.#candidates].find((one) => one.isAble());
    if (next === undefined) return;
    const left = this.holder === undefined ? 300 : leaseMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.leader === undefined) {
        const able = [...this.#candidates].find((one) => one.isAble());
        if (able !== undefined) {
          this.holder = able;
          this.transitions += 1;
          this.acquiredAt = Date.now();
          this.#renewedAt = Date.now();
        }
      }
      this.evaluate();
    }, left * this.world.timeScale);
  }
}
