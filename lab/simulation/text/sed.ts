import type { Program } from '../system/process.js';
import { linesOf, parseOptions, readInputs } from './input.js';
import { regularExpression } from './regular-expressions.js';

type Address =
  | { readonly kind: 'line'; readonly line: number }
  | { readonly kind: 'last' }
  | { readonly kind: 'match'; readonly expression: RegExp };

interface Command {
  readonly from?: Address;
  readonly to?: Address;
  readonly negated: boolean;
  readonly name: string;
  readonly block?: readonly Command[];
  readonly expression?: RegExp;
  readonly replacement?: string;
  readonly global?: boolean;
  readonly print?: boolean;
  readonly text?: string;
  /** In a range: it has begun. */
  active: boolean;
}

class Reader {
  at = 0;
  constructor(
    readonly script: string,
    readonly extended: boolean,
  ) {}

  get next(): string | undefined {
    return this.script[this.at];
  }

  blanks(pattern = /[\s;]/): void {
    while (this.next !== undefined && pattern.test(this.next)) this.at += 1;
  }

  /** Up to a delimiter that is not escaped and not in brackets. */
  until(delimiter: string, brackets: boolean): string {
    let text = '';
    let inside = false;
    for (; this.at < this.script.length; this.at += 1) {
      const character = this.script[this.at] as string;
      if (character === '\\') {
        const escaped = this.script[this.at + 1] ?? '';
        text += escaped === delimiter && !/[()|{}+?]/.test(delimiter) ? escaped : `\\${escaped}`;
        this.at += 1;
      } else if (brackets && character === '[' && !inside) {
        inside = true;
        text += character;
        // A bracket right after the first one stands for itself.
        const first = /^\^?\]/.exec(this.script.slice(this.at + 1))?.[0] ?? '';
        text += first;
        this.at += first.length;
      } else if (inside) {
        inside = character !== ']';
        text += character;
      } else if (character === delimiter) {
        this.at += 1;
        return text;
      } else text += character;
    }
    return text;
  }

  address(): Address | undefined {
    const digits = /^\d+/.exec(this.script.slice(this.at))?.[0];
    if (digits !== undefined) {
      this.at += digits.length;
      return { kind: 'line', line: Number(digits) };
    }
    if (this.next === '$') {
      this.at += 1;
      return { kind: 'last' };
    }
    if (this.next !== '/' && this.next !== '\\') return undefined;
    if (this.next === '\\') this.at += 1;
    const delimiter = this.next ?? '/';
    this.at += 1;
    return { kind: 'match', expression: regularExpression(this.until(delimiter, true), this.extended) };
  }

  commands(end?: string): Command[] {
    const found: Command[] = [];
    for (;;) {
      this.blanks();
      if (this.next === undefined || this.next === end) {
        this.at += 1;
        return found;
      }
      found.push(this.command());
    }
  }

  command(): Command {
    const from = this.address();
    this.blanks(/\s/);
    let to: Address | undefined;
    if (this.next === ',') {
      this.at += 1;
      this.blanks(/\s/);
      to = this.address();
    }
    this.blanks(/\s/);
    const negated = this.next === '!';
    if (negated) this.at += 1;
    this.blanks(/\s/);
    const name = this.next ?? '';
    this.at += 1;
    const base = {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      negated,
      name,
      active: false,
    };
    if (name === '{') return { ...base, block: this.commands('}') };
    if (name === 's') return { ...base, ...this.substitution() };
    if (name === 'a' || name === 'i' || name === 'c') {
      const text = /^\\?\s*([^\n]*)/.exec(this.script.slice(this.at)) as RegExpExecArray;
      this.at += text[0].length;
      return { ...base, text: text[1] ?? '' };
    }
    if (!'pdqn='.includes(name)) throw new Error(`unknown command: \`${name}'`);
    return base;
  }

  substitution(): Pick<Command, 'expression' | 'replacement' | 'global' | 'print'> {
    const delimiter = this.next ?? '/';
    this.at += 1;
    const pattern = this.until(delimiter, true);
    const replacement = this.until(delimiter, false);
    const flags = /^[gpiI\d]*/.exec(this.script.slice(this.at))?.[0] ?? '';
    this.at += flags.length;
    return {
      expression: regularExpression(pattern, this.extended, `g${/i/i.test(flags) ? 'i' : ''}`),
      replacement,
      global: flags.includes('g'),
      print: flags.includes('p'),
    };
  }
}

const replace = (line: string, { expression, replacement = '', global }: Command): string | undefined => {
  if (expression === undefined) return undefined;
  let found = false;
  let done = false;
  expression.lastIndex = 0;
  const made = line.replace(expression, (match: string, ...rest: (string | number | undefined)[]) => {
    if (done) return match;
    found = true;
    done = global !== true;
    return replacement.replaceAll(/\\([\s\S])|&/g, (whole, escaped: string | undefined) => {
      if (whole === '&') return match;
      if (/\d/.test(escaped ?? '')) return escaped === '0' ? match : String(rest[Number(escaped) - 1] ?? '');
      return escaped === 'n' ? '\n' : escaped === 't' ? '\t' : (escaped ?? '');
    });
  });
  return found ? made : undefined;
};

export const sed: Program = async (process, args) => {
  const { flags, all, operands } = parseOptions(args, 'e', ['expression']);
  const given = [...all('e'), ...all('expression')];
  const script = given.length > 0 ? given.join('\n') : (operands[0] ?? '');
  const paths = given.length > 0 ? operands : operands.slice(1);
  const extended = flags.has('E') || flags.has('r') || flags.has('regexp-extended');
  let commands: Command[];
  try {
    commands = new Reader(script, extended).commands();
  } catch (error) {
    process.complain(`sed: -e expression #1, char 1: ${error instanceof Error ? error.message : ''}\n`);
    return 1;
  }
  const silent = flags.has('n') || flags.has('quiet') || flags.has('silent');
  let status = 0;
  const inputs = await readInputs(process, paths, { onFailure: () => (status = 2) });
  const inPlace = flags.has('i');
  const texts = inPlace ? inputs : [{ path: '-', text: inputs.map(({ text }) => text).join('') }];
  for (const { path, text } of texts) {
    const edited = edit(commands, text, silent);
    if (inPlace) process.machine.files.write(path, edited);
    else process.print(edited);
  }
  return status;
};

const edit = (commands: readonly Command[], text: string, silent: boolean): string => {
  const lines = linesOf(text);
  let out = '';
  let quit = false;
  const matches = (address: Address, line: string, number: number): boolean => {
    if (address.kind === 'line') return address.line === number;
    return address.kind === 'last' ? number === lines.length : address.expression.test(line);
  };
  const selected = (command: Command, line: string, number: number): boolean => {
    const { from, to } = command;
    if (from === undefined) return true;
    if (to === undefined) return matches(from, line, number);
    if (command.active) {
      command.active = to.kind === 'line' ? number < to.line : !matches(to, line, number);
      return to.kind !== 'line' || number <= to.line;
    }
    if (!matches(from, line, number)) return false;
    command.active = to.kind === 'line' ? number < to.line : true;
    return true;
  };
  for (let index = 0; index < lines.length; index += 1) {
    let line: string | undefined = lines[index];
    let after = '';
    const run = (list: readonly Command[]): void => {
      for (const command of list) {
        if (line === undefined || quit) return;
        if (selected(command, line, index + 1) === command.negated) continue;
        if (command.block !== undefined) run(command.block);
        else if (command.name === 's') {
          const made = replace(line, command);
          if (made === undefined) continue;
          line = made;
          if (command.print === true) out += `${line}\n`;
        } else if (command.name === 'p') out += `${line}\n`;
        else if (command.name === '=') out += `${index + 1}\n`;
        else if (command.name === 'q') quit = true;
        else if (command.name === 'n') {
          // Without a next line it ends there, and prints what it has.
          if (index + 1 === lines.length) {
            quit = true;
            return;
          }
          if (!silent) out += `${line}\n`;
          index += 1;
          line = lines[index];
        } else if (command.name === 'a') after += `${command.text}\n`;
        else if (command.name === 'i') out += `${command.text}\n`;
        else if (command.name === 'c') line = command.text ?? '';
        else line = undefined;
      }
    };
    run(commands);
    if (line !== undefined && !silent) out += `${line}\n`;
    out += after;
    if (quit) break;
  }
  const unfinished = text !== '' && !text.endsWith('\n') && out.endsWith('\n') && !quit;
  return unfinished ? out.slice(0, -1) : out;
};
