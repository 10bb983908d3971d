import { httpRequest } from '../../network/http-client.js';
import type { Connection } from '../../network/network.js';
import type { Machine } from '../../system/machine.js';
import type { CheckResult } from './check-results.js';
import type { BackendDefinition, ServerDefinition } from './configuration.js';
import type { SavedState } from './server-state.js';

export type AdminState = 'ready' | 'drain' | 'maint';

const connectTimeoutMs = 3_000;

/** Checks in a row that make a server come up or go down: `default-server rise 1 fall 2` is what Quorate writes. */
export const rise = 1;
export const fall = 2;
const best = rise + fall - 1;

/** A server of a backend as the running HAProxy has it. */
export class Server {
  admin: AdminState;
  /** Up from `rise` on; a new server begins there, so that one failed check takes it down. */
  health = rise;
  check: CheckResult | undefined;
  port: number;
  /** How often it was chosen for a connection (`lbtot`). */
  selected = 0;
  /** A check has succeeded since it began or came out of maintenance, or somebody vouches for it. */
  #proven: boolean;
  #nextAt: number;
  #checking = false;
  #checks: boolean;
  changedAt = Date.now();

  /** @param firstCheckMs when the first check is due, from now on */
  constructor(
    private readonly machine: Machine,
    readonly definition: ServerDefinition,
    private readonly backend: BackendDefinition,
    firstCheckMs: number,
  ) {
    // A reload hands nothing on: without a state file the new process knows what the configuration says.
    this.admin = definition.disabled ? 'maint' : 'ready';
    if (definition.disabled) this.health = 0;
    this.port = definition.port;
    this.#checks = definition.check;
    this.#proven = !definition.check;
    this.#nextAt = Date.now() + firstCheckMs;
  }

  get #interMs(): number {
    return this.backend.interMs * this.machine.world.timeScale;
  }

  /** Goes on as a line of the state file says it was. */
  restore({ isUp, admin, since, check, checksEnabled, port }: SavedState): void {
    this.health = isUp ? best : 0;
    this.#proven = isUp;
    // Where the configuration has changed, it counts; else what was ordered since.
    if (((admin & 0x04) !== 0) === this.definition.disabled) {
      const maint = (admin & 0x01) !== 0;
      if (maint !== this.definition.disabled) this.setAdmin(maint ? 'maint' : 'ready');
    }
    if ((admin & 0x08) !== 0 && this.admin !== 'maint') this.setAdmin('drain');
    this.changedAt = Date.now() - since * 1000;
    this.check = check;
    if (!checksEnabled) this.#checks = false;
    this.port = port;
  }

  get isUp(): boolean {
    return this.health >= rise;
  }

  get takesTraffic(): boolean {
    return this.admin === 'ready' && this.isUp;
  }

  /** A server leaves maintenance as one that is up, and falls at its first failure; the last check that it knows stays. */
  setAdmin(admin: AdminState): void {
    if (admin === 'maint') this.health = 0;
    else if (this.admin === 'maint') {
      this.health = rise;
      this.#proven = !this.#checks;
      // The checks go on at their times.
      const late = Date.now() - this.#nextAt;
      if (late > 0) this.#nextAt += Math.ceil(late / this.#interMs) * this.#interMs;
    }
    this.admin = admin;
    this.changedAt = Date.now();
  }

  setHealth(up: boolean): void {
    this.health = up ? best : 0;
    this.#proven = up;
    this.changedAt = Date.now();
  }

  /** It was chosen for a connection. */
  choose(): void {
    this.selected += 1;
    const { machine } = this;
    machine.world.chosen({ loadBalancer: machine, server: this.definition.name, proven: this.#proven });
  }

  /** A real one would have made the check that is due, and known its result, by now. */
  get isOverdue(): boolean {
    return this.admin !== 'maint' && this.#checks && Date.now() - this.#nextAt > this.#interMs;
  }

  /** Does the checks that are due; nothing is done while nobody looks. */
  async look(): Promise<void> {
    if (this.admin === 'maint' || !this.#checks || this.#checking) return;
    const now = Date.now();
    if (now < this.#nextAt) return;
    const due = Math.max(1, Math.floor((now - this.#nextAt) / this.#interMs) + 1);
    this.#checking = true;
    try {
      const result = await this.#ask();
      this.check = result;
      const wasUp = this.isUp;
      if (result.ok) [this.health, this.#proven] = [best, true];
      else this.health = this.health - due < rise ? 0 : this.health - due;
      if (this.isUp !== wasUp) this.changedAt = Date.now();
    } finally {
      this.#checking = false;
      this.#nextAt = Date.now() + this.#interMs;
    }
  }

  async #ask(): Promise<CheckResult> {
    const { address } = this.definition;
    const { port } = this;
    const { verdict } = this.machine.network.verdict(address, port);
    // min(`timeout connect`, `inter`)
    if (verdict === 'silent')
      await new Promise((resolve) =>
        setTimeout(resolve, Math.min(connectTimeoutMs * this.machine.world.timeScale, this.#interMs)).unref(),
      );
    if (verdict === 'refused') return { ok: false, status: 'L4CON', last: 'Connection refused' };
    if (verdict !== 'open')
      return {
        ok: false,
        status: verdict === 'silent' ? 'L4TOUT' : 'L4CON',
        last: verdict === 'silent' ? '' : 'No route to host',
      };
    if (this.backend.checkPath === undefined) return { ok: true, status: 'L4OK', last: '' };
    const outcome = await Promise.race([
      httpRequest(this.machine, { scheme: 'https', host: address, port, path: this.backend.checkPath }),
      new Promise<undefined>((resolve) =>
        setTimeout(() => resolve(undefined), connectTimeoutMs * Math.min(1, this.machine.world.timeScale * 4)).unref(),
      ),
    ]);
    if (outcome === undefined) return { ok: false, status: 'L7TOUT', last: '' };
    if (outcome.kind !== 'answered') return { ok: false, status: 'L6RSP', last: '' };
    const { status } = outcome.response;
    return status === 200
      ? { ok: true, status: 'L7OK', code: 200, last: '' }
      : { ok: false, status: 'L7STS', code: status, last: 'Internal Server Error' };
  }

  /** HAProxy's word for its state. */
  get status(): string {
    if (this.admin === 'maint') return 'MAINT';
    if (!this.definition.check) return this.admin === 'drain' ? 'DRAIN' : 'no check';
    if (!this.isUp) return 'DOWN';
    return `${this.admin === 'drain' ? 'DRAIN' : 'UP'}${this.health < best ? ' 1/2' : ''}`;
  }
}

/** A backend of the running HAProxy. */
export class Backend {
  readonly servers: readonly Server[];
  #turn = 0;

  constructor(
    private readonly machine: Machine,
    readonly definition: BackendDefinition,
    /** First checks are spread over that at most; default `inter`. */
    spreadMs = definition.interMs,
  ) {
    const overMs = Math.min(spreadMs, definition.interMs) * machine.world.timeScale;
    this.servers = definition.servers.map(
      (server, index, { length }) => new Server(machine, server, definition, (overMs * index) / length),
    );
  }

  async look(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.look()));
  }

  /**
   * Whoever connects makes it look again. He waits for what a real one would know by now, but not for a check that a real
   * one would be about to make, nor for a server that is silent.
   */
  async lookSoon(): Promise<void> {
    const overdue = this.servers.filter(({ isOverdue }) => isOverdue);
    const looks = Promise.all(overdue.map((server) => server.look()));
    void this.look();
    if (overdue.length > 0) await Promise.race([looks, new Promise((resolve) => setTimeout(resolve, 50).unref())]);
  }

  /** Connection to a server that takes traffic and answers; the others are tried after it. */
  route(): Connection | undefined {
    void this.look();
    const able = this.servers.filter((server) => server.takesTraffic);
    this.#turn += 1;
    for (let index = 0; index < able.length; index += 1) {
      const server = able[(this.#turn + index) % able.length];
      if (server === undefined) continue;
      server.choose();
      const { verdict, machine, listener } = this.machine.network.verdict(server.definition.address, server.port);
      if (verdict === 'open' && machine !== undefined && listener !== undefined)
        return { result: 'open', machine, listener };
    }
    return undefined;
  }
}
