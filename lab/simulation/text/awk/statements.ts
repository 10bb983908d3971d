import { format } from '../../shell/builtins/printf.js';
import { round } from './evaluation.js';
import type { Expressions } from './expressions.js';
import { Jump } from './runtime.js';
import type { Scope } from './scope.js';
import type { Execute, Expression } from './syntax.js';
import type { TokenStream } from './token-stream.js';
import { AwkSyntaxError } from './tokens.js';
import { Input, isTrue, toText } from './values.js';

export class Statements {
  readonly #tokens: TokenStream;
  readonly #scope: Scope;
  readonly #expressions: Expressions;

  constructor(tokens: TokenStream, scope: Scope, expressions: Expressions) {
    this.#tokens = tokens;
    this.#scope = scope;
    this.#expressions = expressions;
  }

  block(): Execute {
    this.#tokens.expect('{');
    const statements: Execute[] = [];
    this.#tokens.ends();
    while (!this.#tokens.accept('}')) {
      statements.push(this.#statement());
      this.#tokens.ends();
    }
    return (runtime) => {
      for (const statement of statements) statement(runtime);
    };
  }

  /** The body of a loop or of a condition. */
  #body(): Execute {
    this.#tokens.newlines();
    if (this.#tokens.accept(';')) return () => undefined;
    return this.#statement();
  }

  #statement(): Execute {
    if (this.#tokens.is('{')) return this.block();
    if (this.#tokens.accept('if')) return this.#if();
    if (this.#tokens.accept('while')) return this.#while();
    if (this.#tokens.accept('do')) return this.#do();
    if (this.#tokens.accept('for')) return this.#for();
    const simple = this.#simple();
    if (
      !this.#tokens.accept(';') &&
      this.#tokens.token.kind !== 'newline' &&
      !this.#tokens.is('}') &&
      this.#tokens.token.kind !== 'end'
    )
      throw new AwkSyntaxError(`syntax error at "${this.#tokens.token.text}"`);
    return simple;
  }

  #if(): Execute {
    this.#tokens.expect('(');
    const condition = this.#expressions.expression().value;
    this.#tokens.expect(')');
    const then = this.#body();
    const before = this.#tokens.at;
    this.#tokens.ends();
    if (!this.#tokens.accept('else')) {
      this.#tokens.at = before;
      return (runtime) => {
        if (isTrue(condition(runtime))) then(runtime);
      };
    }
    const otherwise = this.#body();
    return (runtime) => (isTrue(condition(runtime)) ? then(runtime) : otherwise(runtime));
  }

  #while(): Execute {
    this.#tokens.expect('(');
    const condition = this.#expressions.expression().value;
    this.#tokens.expect(')');
    const body = this.#body();
    return (runtime) => {
      while (isTrue(condition(runtime))) if (!round(runtime, body)) return;
    };
  }

  #do(): Execute {
    const body = this.#body();
    this.#tokens.ends();
    this.#tokens.expect('while');
    this.#tokens.expect('(');
    const condition = this.#expressions.expression().value;
    this.#tokens.expect(')');
    return (runtime) => {
      do if (!round(runtime, body)) return;
      while (isTrue(condition(runtime)));
    };
  }

  #for(): Execute {
    this.#tokens.expect('(');
    const [name, word, array, end] = this.#tokens.tokens.slice(this.#tokens.at, this.#tokens.at + 4);
    if (name?.kind === 'name' && word?.text === 'in' && array?.kind === 'name' && end?.text === ')') {
      this.#tokens.at += 4;
      const variable = this.#expressions.operands.variable(name.text);
      const cell = this.#scope.cell(array.text);
      const body = this.#body();
      return (runtime) => {
        for (const key of Array.from(cell(runtime).array.keys())) {
          variable.assign?.(runtime, new Input(key));
          if (!round(runtime, body)) return;
        }
      };
    }
    const start = this.#tokens.is(';') ? undefined : this.#simple();
    this.#tokens.expect(';');
    const condition = this.#tokens.is(';') ? undefined : this.#expressions.expression().value;
    this.#tokens.expect(';');
    const step = this.#tokens.is(')') ? undefined : this.#simple();
    this.#tokens.expect(')');
    const body = this.#body();
    return (runtime) => {
      for (start?.(runtime); condition === undefined || isTrue(condition(runtime)); step?.(runtime))
        if (!round(runtime, body)) return;
    };
  }

  #simple(): Execute {
    const jump = ['next', 'exit', 'return', 'break', 'continue'].find((word) => this.#tokens.accept(word));
    if (jump !== undefined) return this.#jump(jump as Jump['to']);
    if (this.#tokens.accept('delete')) return this.#delete();
    if (this.#tokens.is('print') || this.#tokens.is('printf')) return this.#print();
    const { value } = this.#expressions.expression();
    return (runtime) => void value(runtime);
  }

  #jump(to: Jump['to']): Execute {
    const over =
      this.#tokens.token.kind === 'newline' ||
      this.#tokens.token.kind === 'end' ||
      this.#tokens.is(';') ||
      this.#tokens.is('}');
    const value = over ? undefined : this.#expressions.expression().value;
    return (runtime) => {
      throw new Jump(to, value?.(runtime));
    };
  }

  #delete(): Execute {
    const cell = this.#scope.cell(this.#tokens.token.text);
    this.#tokens.at += 1;
    if (!this.#tokens.accept('[')) return (runtime) => cell(runtime).array.clear();
    const key = this.#expressions.operands.subscript();
    return (runtime) => void cell(runtime).array.delete(key(runtime));
  }

  #print(): Execute {
    const formatted = this.#tokens.token.text === 'printf';
    this.#tokens.at += 1;
    const before = this.#tokens.greaterRedirects;
    this.#tokens.greaterRedirects = true;
    let args: Expression[] = [];
    const over = (): boolean =>
      ['newline', 'end'].includes(this.#tokens.token.kind) ||
      [';', '}', '>', '>>', '|'].some((one) => this.#tokens.is(one));
    if (!over()) {
      do {
        this.#tokens.newlines();
        args.push(this.#expressions.expression());
      } while (this.#tokens.accept(','));
    }
    const [only] = args;
    if (args.length === 1 && only?.list !== undefined) args = [...only.list];
    this.#tokens.greaterRedirects = before;
    const append = this.#tokens.is('>>');
    const target =
      this.#tokens.accept('>') || this.#tokens.accept('>>') ? this.#expressions.concatenation().value : undefined;
    if (this.#tokens.is('|')) throw new AwkSyntaxError('output to commands is not known here');
    return (runtime) => {
      const values = args.map(({ value }) => toText(value(runtime)));
      const text = formatted
        ? format((values[0] ?? '').replaceAll('\\', '\\\\'), values.slice(1)).text
        : (args.length === 0 ? toText(runtime.field(0)) : values.join(runtime.text('OFS'))) + runtime.text('ORS');
      if (target === undefined) runtime.world.print(text);
      else runtime.world.printTo(toText(target(runtime)), text, append);
    };
  }
}
