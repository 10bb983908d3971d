import type {
  ArithmeticExpansionPart,
  ArithmeticExpression,
  CommandExpansionPart,
  DoubleQuotedChild,
  ParameterExpansionPart,
  Script,
  Word,
  WordPart,
} from 'unbash';
import { evaluate } from './arithmetic.js';
import { ShellError } from '../control.js';
import { Fields } from './fields.js';
import { expandPathnames } from './globs.js';
import { escapePattern, isPattern, removeMatching, unescapePattern } from './patterns.js';
import type { Pattern } from './patterns.js';
import type { Shell } from '../shell.js';

type Pending = Promise<void> | undefined;

/** Runs a script in a subshell and answers what it printed, without the newlines at its end. */
export type Substitute = (shell: Shell, script: Script) => Promise<string>;

/** Expands the words of scripts. */
export class Words {
  constructor(private readonly substitute: Substitute) {}

  /** The arguments that words become. */
  async fields(shell: Shell, words: readonly Word[]): Promise<string[]> {
    const found: string[] = [];
    for (const word of words) {
      if (word.parts === undefined) {
        found.push(word.text.startsWith('~') ? tilde(shell, word.value) : word.value);
        continue;
      }
      const fields = new Fields(shell.get('IFS') ?? ' \t\n');
      for (const part of word.parts) {
        const pending = this.#part(shell, part, fields);
        if (pending !== undefined) await pending;
      }
      for (const field of fields.end()) {
        if (!shell.options.noglob && isPattern(field.pattern)) {
          const paths = expandPathnames(shell.process, field.pattern);
          if (paths.length > 0) {
            found.push(...paths);
            continue;
          }
        }
        found.push(field.text);
      }
    }
    return found;
  }

  /** One text: not split, no pathnames. */
  async text(shell: Shell, word: Word | undefined): Promise<string> {
    if (word === undefined) return '';
    if (word.parts === undefined) return word.text.startsWith('~') ? tilde(shell, word.value) : word.value;
    return this.joined(shell, word.parts);
  }

  /** A pattern, as of `case`: what was quoted stands for itself. */
  async pattern(shell: Shell, word: Word): Promise<Pattern> {
    if (word.parts === undefined) return escapePattern(word.value);
    const fields = new Fields('');
    for (const part of word.parts) {
      const pending = this.#part(shell, part, fields);
      if (pending !== undefined) await pending;
    }
    return fields
      .end()
      .map(({ pattern }) => pattern)
      .join(' ');
  }

  async joined(shell: Shell, parts: readonly WordPart[]): Promise<string> {
    const fields = new Fields('');
    for (const part of parts) {
      const pending = this.#part(shell, part, fields);
      if (pending !== undefined) await pending;
    }
    return fields
      .end()
      .map(({ text }) => text)
      .join(' ');
  }

  #part(shell: Shell, part: WordPart, fields: Fields): Pending {
    switch (part.type) {
      case 'Literal':
        fields.literal(part.value, part.text !== part.value);
        return undefined;
      case 'SingleQuoted':
      case 'AnsiCQuoted':
        fields.literal(part.value, true);
        return undefined;
      case 'Glob':
        return this.#glob(shell, part, fields);
      case 'DoubleQuoted':
      case 'LocaleString':
        fields.literal('', part.parts.length === 0 || !onlyAll(part.parts));
        return this.#quoted(shell, part.parts, fields);
      case 'SimpleExpansion':
        return this.#parameter(shell, part.text.slice(1), undefined, fields, false);
      case 'ParameterExpansion':
        return this.#parameter(shell, part.parameter, part, fields, false);
      case 'CommandExpansion':
        return this.#command(shell, part, (text) => fields.expanded(text));
      case 'ArithmeticExpansion':
        return this.#arithmetic(shell, part, (text) => fields.expanded(text));
      default:
        fields.literal('value' in part ? String(part.value) : part.text, false);
        return undefined;
    }
  }

  #glob(shell: Shell, part: Extract<WordPart, { type: 'Glob' }>, fields: Fields): Pending {
    if (part.kind !== 'bracket' || part.text === part.value) {
      fields.glob(part.text);
      return undefined;
    }
    // Quotes or expansions between brackets
    return (async () => {
      let text = '[';
      for (const inner of part.parts) text += await this.joined(shell, [inner]);
      fields.glob(`${text}]`);
    })();
  }

  async #quoted(shell: Shell, parts: readonly DoubleQuotedChild[], fields: Fields): Promise<void> {
    for (const part of parts) {
      let pending: Pending;
      switch (part.type) {
        case 'Literal':
          fields.literal(part.value, true);
          break;
        case 'SimpleExpansion':
          pending = this.#parameter(shell, part.text.slice(1), undefined, fields, true);
          break;
        case 'ParameterExpansion':
          pending = this.#parameter(shell, part.parameter, part, fields, true);
          break;
        case 'CommandExpansion':
          pending = this.#command(shell, part, (text) => fields.literal(text, true));
          break;
        case 'ArithmeticExpansion':
          pending = this.#arithmetic(shell, part, (text) => fields.literal(text, true));
          break;
      }
      if (pending !== undefined) await pending;
    }
  }

  async #command(shell: Shell, part: CommandExpansionPart, take: (text: string) => void): Promise<void> {
    take(part.script === undefined ? '' : await this.substitute(shell, part.script));
  }

  async #arithmetic(shell: Shell, part: ArithmeticExpansionPart, take: (text: string) => void): Promise<void> {
    take(String(await this.number(shell, part.expression)));
  }

  number(shell: Shell, expression: ArithmeticExpression | undefined): Promise<number> {
    return evaluate(shell, expression, (of) => {
      if (of.type === 'ArithmeticCommandExpansion')
        return of.script === undefined ? '' : this.substitute(shell, of.script);
      if (of.parts !== undefined) return this.joined(shell, of.parts);
      const name = /^\$(\w+|[@*#?$!-])$/.exec(of.value)?.[1];
      return name === undefined ? of.value : (parameterValue(shell, name) ?? this.#unset(shell, name));
    });
  }

  #unset(shell: Shell, name: string): string {
    if (shell.options.nounset && name !== '@' && name !== '*') throw new ShellError(`${name}: parameter not set`);
    return '';
  }

  #parameter(
    shell: Shell,
    name: string,
    part: ParameterExpansionPart | undefined,
    fields: Fields,
    quoted: boolean,
  ): Pending {
    const put = (text: string): void => (quoted ? fields.literal(text, true) : fields.expanded(text));
    if (part?.prefix === '#') {
      put(String((parameterValue(shell, name) ?? this.#unset(shell, name)).length));
      return undefined;
    }
    const operation = part?.operation;
    if (operation === undefined) {
      if (name === '@' || name === '*') this.#all(shell, name, fields, quoted);
      else put(parameterValue(shell, name) ?? this.#unset(shell, name));
      return undefined;
    }
    return this.#operation(shell, name, operation, fields, quoted, put);
  }

  /** `$@` and `$*`. */
  #all(shell: Shell, name: '@' | '*', fields: Fields, quoted: boolean): void {
    const ifs = shell.get('IFS') ?? ' \t\n';
    if (quoted && name === '*') {
      fields.literal(shell.positional.join(ifs.slice(0, 1)), true);
      return;
    }
    shell.positional.forEach((value, index) => {
      if (index > 0) {
        if (quoted) fields.next();
        else fields.split();
      }
      if (quoted) fields.literal(value, true);
      else fields.expanded(value);
    });
  }

  async #operation(
    shell: Shell,
    name: string,
    operation: NonNullable<ParameterExpansionPart['operation']>,
    fields: Fields,
    quoted: boolean,
    put: (text: string) => void,
  ): Promise<void> {
    const value = name === '@' || name === '*' ? shell.positional.join(' ') : parameterValue(shell, name);
    switch (operation.type) {
      case 'Default': {
        const { operator, operand } = operation;
        const isSet =
          (name === '@' || name === '*' ? shell.positional.length > 0 : value !== undefined) &&
          !(operator.startsWith(':') && value === '');
        const kind = operator.slice(-1);
        if (kind === '+' ? !isSet : isSet) {
          if (kind === '+') return;
          if (name === '@' || name === '*') return this.#all(shell, name, fields, quoted);
          return put(value ?? '');
        }
        if (kind === '?') throw new ShellError(`${name}: ${(await this.text(shell, operand)) || 'parameter not set'}`);
        if (kind === '=') {
          const text = await this.text(shell, operand);
          shell.set(name, text);
          return put(text);
        }
        if (operand.parts === undefined || quoted) {
          // Inside of quotes an operand without quotes of its own is quoted too.
          if (quoted && operand.parts !== undefined) return this.#operandInQuotes(shell, operand, fields);
          return fields.literal(operand.value, quoted);
        }
        for (const part of operand.parts) await this.#part(shell, part, fields);
        return;
      }
      case 'Remove':
        return put(
          removeMatching(
            operation.operator,
            await this.pattern(shell, operation.operand),
            value ?? this.#unset(shell, name),
          ),
        );
      case 'Replace': {
        const pattern = await this.pattern(shell, operation.pattern);
        const plain = unescapePattern(pattern);
        const replacement = await this.text(shell, operation.replacement);
        const text = value ?? '';
        return put(
          operation.operator === '//' ? text.replaceAll(plain, replacement) : text.replace(plain, () => replacement),
        );
      }
      case 'Slice': {
        const text = value ?? '';
        const offset = Number(await this.text(shell, operation.offset));
        const length = operation.length === undefined ? undefined : Number(await this.text(shell, operation.length));
        return put(text.slice(offset, length === undefined ? undefined : offset + length));
      }
      case 'CaseModification': {
        const text = value ?? '';
        const up = operation.operator.startsWith('^');
        const change = (one: string): string => (up ? one.toUpperCase() : one.toLowerCase());
        return put(operation.operator.length === 2 ? change(text) : change(text.slice(0, 1)) + text.slice(1));
      }
      default:
        throw new ShellError('Bad substitution');
    }
  }

  async #operandInQuotes(shell: Shell, operand: Word, fields: Fields): Promise<void> {
    for (const part of operand.parts ?? []) {
      if (part.type === 'DoubleQuoted') await this.#quoted(shell, part.parts, fields);
      else if (part.type === 'SimpleExpansion' || part.type === 'ParameterExpansion')
        await this.#quoted(shell, [part], fields);
      else fields.literal(await this.joined(shell, [part]), true);
    }
  }
}

const onlyAll = (parts: readonly DoubleQuotedChild[]): boolean =>
  parts.every((part) => part.type === 'SimpleExpansion' && part.text === '$@');

const tilde = (shell: Shell, text: string): string =>
  text === '~' || text.startsWith('~/') ? `${shell.get('HOME') ?? '/root'}${text.slice(1)}` : text;

/** Value of a variable or of a special parameter; undefined when it is not set. */
const parameterValue = (shell: Shell, name: string): string | undefined => {
  switch (name) {
    case '?':
      return String(shell.status);
    case '#':
      return String(shell.positional.length);
    case '$':
      return String(shell.pid);
    case '!':
      return shell.lastBackground === undefined ? '' : String(shell.lastBackground.pid);
    case '-':
      return `${shell.options.errexit ? 'e' : ''}${shell.options.nounset ? 'u' : ''}`;
    case '0':
      return shell.name;
    case '@':
    case '*':
      return shell.positional.join(' ');
    default:
      return /^\d+$/.test(name) ? shell.positional[Number(name) - 1] : shell.get(name);
  }
};
