import { httpRequest } from '../../network/http-client.js';
import type { Connection } from '../../network/network.js';
import type { Machine } from '../../system/machine.js';
import type { BackendDefinition, ServerDefinition } from './configuration.js';

export type AdminState = 'ready' | 'drain' | 'maint';

interface CheckResult {
  readonly ok: boolean;
  readonly status: string;
  readonly code?: number;
  readonly last: string;
}

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
  #nextAt = 0;
  #checking = false;
  changedAt = Date.now();

  constructor(
    private readonly machine: Machine,
    readonly definition: ServerDefinition,
    private readonly backend: BackendDefinition,
  ) {
    // A reload hands nothing on: without a state file the new process knows what the configuration says.
    this.admin = definition.disabled ? 'maint' : 'ready';
    if (definition.disabled) this.health = 0;
  }

  get isUp(): boolean {
    return this.health >= rise;
  }

  get takesTraffic(): boolean {
    return this.admin === 'ready' && this.isUp;
  }

  setAdmin(admin: AdminState): void {
    // Back from maintenance it has to pass a check first.
    if (admin === 'maint') this.health = 0;
    else if (this.admin === 'maint') this.#nextAt = 0;
    this.admin = admin;
    this.changedAt = Date.now();
  }

  setHealth(up: boolean): void {
    this.health = up ? best : 0;
    this.#nextAt = Date.now();
    this.changedAt = Date.now();
  }

  /** Does the checks that are due; nothing is done while nobody looks. */
  async look(): Promise<void> {
    if (this.admin === 'maint' || !this.definition.check || this.#checking) return;
    const now = Date.now();
    const interMs = this.backend.interMs * this.machine.world.timeScale;
    if (now < this.#nextAt) return;
    const due = this.#nextAt === 0 ? 1 : Math.max(1, Math.floor((now - this.#nextAt) / interMs) + 1);
    this.#checking = true;
    try {
      const result = await this.#ask();
      this.check = result;
      const wasUp = this.isUp;
      if (result.ok) this.health = best;
      else this.health = this.health - due < rise ? 0 : this.health - due;
      if (this.isUp !== wasUp) this.changedAt = Date.now();
    } finally {
      this.#checking = false;
      this.#nextAt = Date.now() + interMs;
    }
  }

  async #ask(): Promise<CheckResult> {
    const { address, port } = this.definition;
    const { verdict } = this.machine.network.verdict(address, port);
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
    if (this.admin === 'drain') return 'DRAIN';
    if (!this.definition.check) return 'no check';
    return this.isUp ? (this.health < best ? 'UP 1/2' : 'UP') : 'DOWN';
  }
}

/** A backend of the running HAProxy. */
export class Backend {
  readonly servers: readonly Server[];
  #turn = 0;

  constructor(
    private readonly machine: Machine,
    readonly definition: BackendDefinition,
  ) {
    this.servers = definition.servers.map((server) => new Server(machine, server, definition));
  }

  async look(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.look()));
  }

  /** What is known may be old: whoever connects makes it look again, but does not wait for a server that is silent. */
  async lookSoon(): Promise<void> {
    await Promise.race([this.look(), new Promise((resolve) => setTimeout(resolve, 50).unref())]);
  }

  /** Connection to a server that takes traffic and answers; the others are tried after it. */
  route(): Connection | undefined {
    void this.look();
    const able = this.servers.filter((server) => server.takesTraffic);
    this.#turn += 1;
    for (let index = 0; index < able.length; index += 1) {
      const server = able[(this.#turn + index) % able.length];
      if (server === undefined) continue;
      const { address, port } = server.definition;
      const { verdict, machine, listener } = this.machine.network.verdict(address, port);
      if (verdict === 'open' && machine !== undefined && listener !== undefined)
        return { result: 'open', machine, listener };
    }
    return undefined;
  }
}
