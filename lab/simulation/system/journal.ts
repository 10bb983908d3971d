import type { Machine } from './machine.js';

export interface JournalEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly unit: string;
  readonly identifier: string;
  readonly pid: number;
  readonly text: string;
}

const mostEntries = 2_000;

/** systemd's journal: kept on the disk, the oldest entries go. */
export class Journal {
  readonly #entries: JournalEntry[] = [];

  constructor(private readonly machine: Machine) {}

  add(unit: string, identifier: string, pid: number, text: string): void {
    for (const line of text.split('\n')) {
      if (line !== '') this.#entries.push({ at: this.machine.now(), unit, identifier, pid, text: line });
    }
    if (this.#entries.length > mostEntries) this.#entries.splice(0, this.#entries.length - mostEntries);
  }

  entries(unit?: string): readonly JournalEntry[] {
    return unit === undefined ? this.#entries : this.#entries.filter((entry) => entry.unit === unit);
  }
}
