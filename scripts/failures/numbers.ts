/** A failure or finding as tests, pages and issues call it: the letter of its list and its number in it, such as `F12`. */
export type FailureNumber = string;

const list = String.raw`[A-Z]\d+(?:, [A-Z]\d+)*`;

/** The start of a test's name that says what it is the test of: `F12: ...`, or of several `R7, R18: ...`. */
const start = new RegExp(`^(${list}): `);

/** The numbers at the start of a test's own name; none for a test of nothing numbered. */
export const numbersOfTest = (name: string): readonly FailureNumber[] => start.exec(name)?.[1]?.split(', ') ?? [];

/** The numbers of the tests whose names stand in a test file, as strings that begin with them. */
export const numbersInSource = (text: string): readonly FailureNumber[] =>
  [...text.matchAll(new RegExp(`['"\`](${list}): `, 'g'))].flatMap(([, numbers = '']) => numbers.split(', '));

/** What vitest's `-t` is told to run the tests of some lists alone. @param prefixes letters, such as F and R */
export const testNamePattern = (prefixes: readonly string[]): string => `\\b(${prefixes.join('|')})[0-9]+: `;

/** By their lists, in the order of `prefixes`, then by number. */
export const compareNumbers =
  (prefixes: readonly string[]) =>
  (a: FailureNumber, b: FailureNumber): number =>
    prefixes.indexOf(a.slice(0, 1)) - prefixes.indexOf(b.slice(0, 1)) || Number(a.slice(1)) - Number(b.slice(1));
