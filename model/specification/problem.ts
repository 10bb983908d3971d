import { printable } from '../printable.js';

/** One thing that is wrong in a specification, before it is known where in a file it stands. */
export interface ValueProblem {
  readonly path: readonly (string | number)[];
  /** Whether the key itself is wrong or what it holds; where a key is missing, `path` ends with it. */
  readonly at: 'key' | 'value';
  /** What is wrong, one sentence without full stop. */
  readonly message: string;
  /** What to write instead. */
  readonly instead: string;
  /** The path that was probably meant by an unknown key: its absence is no problem of its own. */
  readonly meant?: readonly (string | number)[];
}

/** `spec.hosts.cp2.address`; keys that are no plain words stand in brackets. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const word = String(part);
    if (!/^[A-Za-z0-9_-]+$/.test(word)) return `${text}[${printable(JSON.stringify(word))}]`;
    return text === '' ? word : `${text}.${word}`;
  }, '');

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a value holds below a path; undefined when there is nothing. */
export const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, key) =>
      (isMap(inner) || Array.isArray(inner)) && Object.hasOwn(inner, key)
        ? (inner as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
