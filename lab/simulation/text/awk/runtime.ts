import { awkExpression } from './regular-expression.js';
import { Cell, Input, toNumber, toText } from './values.js';
import type { Value } from './values.js';

/** What a program does to the world around it. */
export interface World {
  print(text: string): void;
  /** Appends to a file; the first time in a run it is emptied, unless `append`. */
  printTo(path: string, text: string, append: boolean): void;
  /** Lines of a file; undefined when it cannot be read. */
  linesOf(path: string): string[] | undefined;
  /** Lines of the input from the files among the arguments, or of standard input. */
  nextRecord(): { readonly line: string; readonly file: string; readonly newFile: boolean } | undefined;
  readonly environment: ReadonlyMap<string, string>;
}

/** `next`, `exit` and the like. */
export class Jump extends Error {
  override readonly name = 'Jump';
  constructor(
    readonly to: 'next' | 'exit' | 'return' | 'break' | 'continue',
    readonly value?: Value,
  ) {
    super(to);
  }
}

export class Runtime {
  readonly globals = new Map<string, Cell>();
  locals: Cell[] = [];
  exitStatus = 0;
  #record = '';
  #fields: string[] | undefined = [];
  readonly #reading = new Map<string, { lines: string[]; at: number }>();

  constructor(readonly world: World) {
    for (const [name, value] of [
      ['FS', ' '],
      ['OFS', ' '],
      ['ORS', '\n'],
      ['RS', '\n'],
      ['SUBSEP', '\x1c'],
      ['NR', 0],
      ['FNR', 0],
      ['NF', 0],
      ['RSTART', 0],
      ['RLENGTH', -1],
      ['FILENAME', ''],
      ['OFMT', '%.6g'],
    ] as const)
      this.global(name).value = value;
    for (const [name, value] of world.environment) this.global('ENVIRON').array.set(name, new Input(value));
  }

  global(name: string): Cell {
    let cell = this.globals.get(name);
    if (cell === undefined) {
      cell = new Cell();
      this.globals.set(name, cell);
    }
    return cell;
  }

  text(name: string): string {
    return toText(this.global(name).value);
  }

  setRecord(line: string): void {
    this.#record = line;
    this.#fields = undefined;
    this.#split();
  }

  #split(): string[] {
    if (this.#fields !== undefined) return this.#fields;
    this.#fields = this.split(this.#record, this.text('FS'));
    this.global('NF').value = this.#fields.length;
    return this.#fields;
  }

  split(text: string, separator: string | RegExp): string[] {
    if (typeof separator === 'string' && separator === ' ') {
      const trimmed = text.replaceAll(/^[ \t\n]+|[ \t\n]+$/g, '');
      return trimmed === '' ? [] : trimmed.split(/[ \t\n]+/);
    }
    if (text === '') return [];
    if (separator === '') return text.split('');
    if (typeof separator === 'string' && separator.length === 1 && separator !== '\\') return text.split(separator);
    const expression = typeof separator === 'string' ? awkExpression(separator) : separator;
    return text.split(new RegExp(expression.source.replaceAll(/(?<!\\)\((?!\?)/g, '(?:')));
  }

  field(index: number): Value {
    if (index === 0) return new Input(this.#record);
    const text = this.#split()[index - 1];
    return text === undefined ? undefined : new Input(text);
  }

  setField(index: number, value: string): void {
    if (index === 0) {
      this.setRecord(value);
      return;
    }
    const fields = this.#split();
    while (fields.length < index) fields.push('');
    fields[index - 1] = value;
    this.global('NF').value = fields.length;
    this.#record = fields.join(this.text('OFS'));
  }

  /** An assignment to NF. */
  setFieldCount(count: number): void {
    const fields = this.#split();
    while (fields.length < count) fields.push('');
    fields.length = count;
    this.#record = fields.join(this.text('OFS'));
  }

  /** `getline < file`: 1 for a line, 0 at the end, -1 for a file that cannot be read. */
  readFrom(path: string): { readonly result: number; readonly line: string } {
    let reading = this.#reading.get(path);
    if (reading === undefined) {
      const lines = this.world.linesOf(path);
      if (lines === undefined) return { result: -1, line: '' };
      reading = { lines, at: 0 };
      this.#reading.set(path, reading);
    }
    const line = reading.lines[reading.at];
    if (line === undefined) return { result: 0, line: '' };
    reading.at += 1;
    return { result: 1, line };
  }

  close(path: string): number {
    return this.#reading.delete(path) ? 0 : -1;
  }

  /** Takes the next line of the input. */
  advance(): boolean {
    const next = this.world.nextRecord();
    if (next === undefined) return false;
    this.global('NR').value = toNumber(this.global('NR').value) + 1;
    this.global('FNR').value = next.newFile ? 1 : toNumber(this.global('FNR').value) + 1;
    this.global('FILENAME').value = next.file;
    this.setRecord(next.line);
    return true;
  }
}
