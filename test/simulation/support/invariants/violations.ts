/**
 * The invariants of docs/design.md that are watched here, by their numbers there; `ended` and `simulation` are the two
 * that stand beside them: every run ends in words, and the simulated world itself has no error.
 */
export type Invariant = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 'ended' | 'simulation';

/** What an invariant is broken by, in clear words. */
export class Violations {
  readonly #said = new Set<string>();

  add(invariant: Invariant, what: string): void {
    this.#said.add(typeof invariant === 'number' ? `invariant ${invariant}: ${what}` : `${invariant}: ${what}`);
  }

  /** Each once, in the order of appearance. */
  get list(): readonly string[] {
    return [...this.#said];
  }
}
