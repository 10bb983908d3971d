import { awkExpression } from './regular-expression.js';
import { callFunction, step, subscriptOf } from './evaluation.js';
import { functions } from './functions.js';
import type { Argument } from './functions.js';
import type { Runtime } from './runtime.js';
import type { Scope } from './scope.js';
import type { Expression } from './syntax.js';
import type { TokenStream } from './token-stream.js';
import { AwkSyntaxError } from './tokens.js';
import { Input, toNumber, toText } from './values.js';

/** What operators are applied to: constants, variables, fields, calls, and expressions in parentheses. */
export class Operands {
  readonly #tokens: TokenStream;
  readonly #scope: Scope;
  readonly #expression: () => Expression;

  constructor(tokens: TokenStream, scope: Scope, expression: () => Expression) {
    this.#tokens = tokens;
    this.#scope = scope;
    this.#expression = expression;
  }

  postfix(): Expression {
    for (const operator of ['++', '--'] as const) {
      if (!this.#tokens.accept(operator)) continue;
      const operand = this.#primary();
      return { value: (runtime) => step(runtime, operand, operator, true) };
    }
    const operand = this.#primary();
    for (const operator of ['++', '--'] as const) {
      if (operand.assign === undefined || !this.#tokens.accept(operator)) continue;
      return { value: (runtime) => step(runtime, operand, operator, false) };
    }
    return operand;
  }

  #primary(): Expression {
    const token = this.#tokens.token;
    this.#tokens.at += 1;
    switch (token.kind) {
      case 'number': {
        const number = Number(token.text);
        return { value: () => number };
      }
      case 'string':
        return { value: () => token.text };
      case 'expression': {
        const expression = awkExpression(token.text);
        return { expression, value: (runtime) => Number(expression.test(toText(runtime.field(0)))) };
      }
      case 'name':
        return this.variable(token.text);
      case 'function':
        return this.#call(token.text);
      default:
    }
    if (token.text === '$') {
      const { value: index } = this.#tokens.is('++') || this.#tokens.is('--') ? this.postfix() : this.#primary();
      return {
        value: (runtime) => runtime.field(toNumber(index(runtime))),
        assign: (runtime, value) => runtime.setField(toNumber(index(runtime)), toText(value)),
      };
    }
    if (token.text === '(') return this.#group();
    if (token.text === 'getline') return this.#getline();
    throw new AwkSyntaxError(`syntax error at "${token.text}"`);
  }

  #group(): Expression {
    const before = this.#tokens.greaterRedirects;
    this.#tokens.greaterRedirects = false;
    const list = [this.#expression()];
    while (this.#tokens.accept(',')) {
      this.#tokens.newlines();
      list.push(this.#expression());
    }
    this.#tokens.expect(')');
    this.#tokens.greaterRedirects = before;
    const [only] = list;
    if (list.length > 1 || only === undefined) return { list, value: (runtime) => subscriptOf(list)(runtime) };
    // A place in parentheses stays one: ($1)++ and (x) = 1 are known.
    return only;
  }

  #getline(): Expression {
    const target = this.#tokens.token.kind === 'name' || this.#tokens.is('$') ? this.#primary() : undefined;
    const from = this.#tokens.accept('<') ? this.#primary().value : undefined;
    return {
      value: (runtime) => {
        if (from === undefined) return Number(runtime.advance());
        const { result, line } = runtime.readFrom(toText(from(runtime)));
        if (result !== 1) return result;
        if (target === undefined) runtime.setRecord(line);
        else target.assign?.(runtime, new Input(line));
        return 1;
      },
    };
  }

  subscript(): (runtime: Runtime) => string {
    const list = [this.#expression()];
    while (this.#tokens.accept(',')) list.push(this.#expression());
    this.#tokens.expect(']');
    return subscriptOf(list);
  }

  variable(name: string): Expression {
    const cell = this.#scope.cell(name);
    if (this.#tokens.accept('[')) {
      const key = this.subscript();
      return {
        value: (runtime) => {
          const { array } = cell(runtime);
          const at = key(runtime);
          if (!array.has(at)) array.set(at, undefined);
          return array.get(at);
        },
        assign: (runtime, value) => void cell(runtime).array.set(key(runtime), value),
      };
    }
    return {
      cell,
      value: (runtime) => cell(runtime).value,
      assign: (runtime, value) => {
        cell(runtime).value = value;
        if (name === 'NF') runtime.setFieldCount(toNumber(value));
      },
    };
  }

  #call(name: string): Expression {
    this.#tokens.expect('(');
    const args: Expression[] = [];
    const before = this.#tokens.greaterRedirects;
    this.#tokens.greaterRedirects = false;
    while (!this.#tokens.accept(')')) {
      args.push(this.#expression());
      this.#tokens.accept(',');
      this.#tokens.newlines();
    }
    this.#tokens.greaterRedirects = before;
    const own = functions[name];
    if (own !== undefined) {
      return {
        value: (runtime) =>
          own(
            runtime,
            args.map(({ value, assign, cell, expression }): Argument => ({
              value: () => value(runtime),
              ...(assign === undefined ? {} : { assign: (given) => assign(runtime, given) }),
              ...(cell === undefined ? {} : { cell: () => cell(runtime) }),
              ...(expression === undefined ? {} : { expression }),
            })),
          ),
      };
    }
    const called = this.#scope.declare(name);
    return { value: (runtime) => callFunction(runtime, called, args) };
  }
}
