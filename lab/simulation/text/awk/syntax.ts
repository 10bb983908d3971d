import type { Runtime } from './runtime.js';
import type { Cell, Value } from './values.js';

export type Evaluate = (runtime: Runtime) => Value;
export type Execute = (runtime: Runtime) => void;

/** Something that has a value, and perhaps a place for another one. */
export interface Expression {
  readonly value: Evaluate;
  readonly assign?: (runtime: Runtime, value: Value) => void;
  readonly cell?: (runtime: Runtime) => Cell;
  readonly expression?: RegExp;
  /** Subscripts in parentheses, as before `in`. */
  readonly list?: readonly Expression[];
}

export interface Rule {
  readonly begins?: boolean;
  readonly ends?: boolean;
  readonly pattern?: Evaluate;
  /** The second pattern of a range. */
  readonly until?: Evaluate;
  readonly action?: Execute;
}

export interface UserFunction {
  readonly parameters: readonly string[];
  body: Execute;
}

export interface Program {
  readonly rules: readonly Rule[];
}
