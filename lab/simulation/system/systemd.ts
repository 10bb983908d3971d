import { nothing } from './description.js';
import type { Machine } from './machine.js';
import { Process } from './process.js';
import { Unit } from './unit.js';
import { enabledUnits, isMasked, readDefinition } from './unit-file.js';
import type { UnitDefinition } from './unit-file.js';

/** The first process of a host, and the units that it has loaded since the host started. */
export class Systemd {
  readonly #units = new Map<string, Unit>();
  #init: Process | undefined;
  #over = false;

  constructor(private readonly machine: Machine) {}

  /** Parent of all services. */
  get init(): Process {
    this.#init ??= new Process({
      machine: this.machine,
      argv: ['/sbin/init'],
      descriptors: new Map([
        [0, nothing()],
        [1, nothing()],
        [2, nothing()],
      ]),
      environment: new Map(),
      directory: '/',
      uid: 0,
      umask: 0o022,
    });
    return this.#init;
  }

  /** A unit that is loaded, or can be from its file. */
  unit(name: string): Unit | undefined {
    const known = this.#units.get(name);
    if (known !== undefined && (known.definition.transient || known.active === 'active')) return known;
    const definition = isMasked(this.machine.files, name) ? undefined : readDefinition(this.machine.files, name);
    if (definition === undefined) return known;
    if (known !== undefined) {
      known.definition = definition;
      return known;
    }
    const unit = new Unit(this.machine, name, definition);
    this.#units.set(name, unit);
    return unit;
  }

  loaded(): readonly Unit[] {
    return [...this.#units.values()];
  }

  /** A transient unit; undefined when one of that name is loaded already or has a file. */
  runTransient(name: string, definition: UnitDefinition): Unit | undefined {
    if (this.#units.has(name) || readDefinition(this.machine.files, name) !== undefined) return undefined;
    const unit = new Unit(this.machine, name, definition);
    this.#units.set(name, unit);
    return unit;
  }

  unload(unit: Unit): void {
    if (this.#units.get(unit.name) === unit) this.#units.delete(unit.name);
  }

  /** Unit to which a process belongs. */
  unitOf(process: Process): string | undefined {
    return process.controlGroup.split('/').findLast((part) => /\.(service|scope|socket)$/.test(part));
  }

  startEnabled(): void {
    for (const name of enabledUnits(this.machine.files)) void this.unit(name)?.start();
  }

  async stopEverything(): Promise<void> {
    await Promise.all([...this.#units.values()].map((unit) => unit.stop()));
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** The host went off. */
  forget(): void {
    this.#over = true;
    for (const unit of this.#units.values()) unit.forget();
  }
}
