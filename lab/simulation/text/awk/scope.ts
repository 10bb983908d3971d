import { Cell } from './values.js';
import type { Runtime } from './runtime.js';
import type { UserFunction } from './syntax.js';

/** What names mean: functions of the program, and parameters of the one that is parsed. */
export class Scope {
  parameters: readonly string[] = [];
  readonly #functions = new Map<string, UserFunction>();

  /** A function of that name, which may be called before it is defined. */
  declare(name: string): UserFunction {
    const known = this.#functions.get(name) ?? { parameters: [], body: () => undefined };
    this.#functions.set(name, known);
    return known;
  }

  define(name: string, body: () => UserFunction['body']): void {
    const known = this.declare(name);
    this.#functions.set(name, Object.assign(known, { parameters: this.parameters, body: body() }));
  }

  cell(name: string): (runtime: Runtime) => Cell {
    const index = this.parameters.indexOf(name);
    if (index === -1) return (runtime) => runtime.global(name);
    return (runtime) => (runtime.locals[index] ??= new Cell());
  }
}
