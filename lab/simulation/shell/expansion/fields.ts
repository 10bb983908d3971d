import { escapePattern } from './patterns.js';
import type { Pattern } from './patterns.js';

/** A word on its way to a field: the text, and the pattern it is where something in it was not quoted. */
export interface Field {
  text: string;
  pattern: Pattern;
  /** Something in it was quoted, so that it stays although it is empty. */
  quoted: boolean;
}

const newField = (): Field => ({ text: '', pattern: '', quoted: false });

/** Collects the fields that one word of a script expands to. */
export class Fields {
  readonly done: Field[] = [];
  #current: Field = newField();
  #touched = false;

  constructor(private readonly ifs: string) {}

  /** Text that neither is split nor is a pattern. */
  literal(text: string, quoted: boolean): void {
    this.#current.text += text;
    this.#current.pattern += escapePattern(text);
    this.#current.quoted ||= quoted;
    this.#touched = true;
  }

  /** A character of the script that is part of a pattern. */
  glob(text: string): void {
    this.#current.text += text;
    this.#current.pattern += text;
    this.#touched = true;
  }

  /** What an expansion gave, outside of quotes: it is split, and may be a pattern. */
  expanded(text: string): void {
    const { ifs } = this;
    if (ifs === '') {
      this.#add(text);
      return;
    }
    let start = 0;
    for (let at = 0; at <= text.length; at += 1) {
      const character = text[at];
      if (character !== undefined && !ifs.includes(character)) continue;
      if (at > start) this.#add(text.slice(start, at));
      start = at + 1;
      if (character === undefined) break;
      const blank = character === ' ' || character === '\t' || character === '\n';
      if (blank) this.split();
      else {
        // Another separator ends a field also where there is nothing.
        if (!this.#touched && !this.#afterBlank) this.#touched = true;
        this.#finish(true);
        while (at + 1 < text.length && ifs.includes(text[at + 1] as string) && /[ \t\n]/.test(text[at + 1] as string)) {
          at += 1;
          start = at + 1;
        }
      }
    }
  }

  #afterBlank = false;

  #add(text: string): void {
    this.#current.text += text;
    this.#current.pattern += text.replaceAll('\\', '\\\\');
    this.#touched = true;
    this.#afterBlank = false;
  }

  /** Ends the field, where one has begun. */
  split(): void {
    if (this.#touched) {
      this.#finish(false);
      this.#afterBlank = true;
    }
  }

  /** Ends the field, also an empty one: between the words of "$@". */
  next(): void {
    this.#touched = true;
    this.#finish(true);
  }

  #finish(keepEmpty: boolean): void {
    if (keepEmpty || this.#current.text !== '' || this.#current.quoted) this.done.push(this.#current);
    this.#current = newField();
    this.#touched = false;
  }

  end(): Field[] {
    if (this.#touched && (this.#current.text !== '' || this.#current.quoted)) this.done.push(this.#current);
    return this.done;
  }
}
