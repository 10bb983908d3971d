/** Text that came from outside: it compares as a number where it looks like one. */
export class Input {
  constructor(readonly text: string) {}
}

export type Value = number | string | Input | undefined;

const numeric = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

export const toNumber = (value: Value): number => {
  if (typeof value === 'number') return value;
  if (value === undefined) return 0;
  const text = typeof value === 'string' ? value : value.text;
  return Number(/^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?/.exec(text)?.[0] ?? 0);
};

export const toText = (value: Value): string => {
  if (typeof value === 'string') return value;
  if (value === undefined) return '';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return value.text;
};

export const isTrue = (value: Value): boolean => {
  if (typeof value === 'number') return value !== 0;
  if (value === undefined) return false;
  if (typeof value === 'string') return value !== '';
  return numeric.test(value.text) ? Number(value.text) !== 0 : value.text !== '';
};

const isNumeric = (value: Value): boolean =>
  value === undefined ||
  typeof value === 'number' ||
  // What is too large for a number is a text, as for mawk.
  (value instanceof Input && numeric.test(value.text) && Number.isFinite(Number(value.text)));

/** Below, at or above 0. */
export const compare = (left: Value, right: Value): number => {
  const byNumber = isNumeric(left) && isNumeric(right);
  const [a, b] = byNumber ? [toNumber(left), toNumber(right)] : [toText(left), toText(right)];
  return a < b ? -1 : a > b ? 1 : 0;
};

/** A variable: a value, or an array. */
export class Cell {
  value: Value;
  #array: Map<string, Value> | undefined;

  /** @param lender the caller's variable, which may turn out to be an array */
  constructor(private readonly lender?: Cell) {}

  get isArray(): boolean {
    return this.#array !== undefined;
  }

  get array(): Map<string, Value> {
    this.#array ??= this.lender === undefined ? new Map() : this.lender.array;
    return this.#array;
  }
}
