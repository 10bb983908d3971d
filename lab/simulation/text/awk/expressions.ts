import { awkExpression } from './regular-expression.js';
import { arithmetic, holds, subscriptOf } from './evaluation.js';
import { Operands } from './operands.js';
import type { Scope } from './scope.js';
import type { Expression } from './syntax.js';
import type { TokenStream } from './token-stream.js';
import { compare, isTrue, toNumber, toText } from './values.js';

/** Operators, from those that bind least to those that bind most. */
export class Expressions {
  readonly operands: Operands;
  readonly #tokens: TokenStream;
  readonly #scope: Scope;

  constructor(tokens: TokenStream, scope: Scope) {
    this.#tokens = tokens;
    this.#scope = scope;
    this.operands = new Operands(tokens, scope, () => this.expression());
  }

  expression(): Expression {
    const left = this.#ternary();
    const operator = ['=', '+=', '-=', '*=', '/=', '%=', '^='].find((one) => this.#tokens.is(one));
    if (operator === undefined || left.assign === undefined) return left;
    this.#tokens.at += 1;
    this.#tokens.newlines();
    const right = this.expression().value;
    const { assign } = left;
    const compute = operator.slice(0, -1);
    return {
      value: (runtime) => {
        const given = right(runtime);
        const result = compute === '' ? given : arithmetic(compute, toNumber(left.value(runtime)), toNumber(given));
        assign(runtime, result);
        return result;
      },
    };
  }

  #ternary(): Expression {
    const condition = this.#or();
    if (!this.#tokens.accept('?')) return condition;
    this.#tokens.newlines();
    const then = this.expression().value;
    this.#tokens.newlines();
    this.#tokens.expect(':');
    this.#tokens.newlines();
    const otherwise = this.expression().value;
    return { value: (runtime) => (isTrue(condition.value(runtime)) ? then(runtime) : otherwise(runtime)) };
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#tokens.accept('||')) {
      this.#tokens.newlines();
      const [a, b] = [left.value, this.#and().value];
      left = { value: (runtime) => Number(isTrue(a(runtime)) || isTrue(b(runtime))) };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#in();
    while (this.#tokens.accept('&&')) {
      this.#tokens.newlines();
      const [a, b] = [left.value, this.#in().value];
      left = { value: (runtime) => Number(isTrue(a(runtime)) && isTrue(b(runtime))) };
    }
    return left;
  }

  #in(): Expression {
    let left = this.#match();
    while (this.#tokens.accept('in')) {
      const key = subscriptOf(left.list ?? [left]);
      const cell = this.#scope.cell(this.#tokens.token.text);
      this.#tokens.at += 1;
      left = { value: (runtime) => Number(cell(runtime).array.has(key(runtime))) };
    }
    return left;
  }

  #match(): Expression {
    let left = this.#comparison();
    for (;;) {
      const negated = this.#tokens.is('!~');
      if (!this.#tokens.accept('~') && !this.#tokens.accept('!~')) return left;
      const text = left.value;
      const right = this.#comparison();
      left = {
        value: (runtime) => {
          const expression = right.expression ?? awkExpression(toText(right.value(runtime)));
          return Number(expression.test(toText(text(runtime))) !== negated);
        },
      };
    }
  }

  #comparison(): Expression {
    const left = this.concatenation();
    const operator = ['<', '<=', '==', '!=', '>=', '>'].find((one) => this.#tokens.is(one));
    if (operator === undefined || (operator === '>' && this.#tokens.greaterRedirects)) return left;
    this.#tokens.at += 1;
    const right = this.concatenation().value;
    const { value } = left;
    return { value: (runtime) => Number(holds(operator, compare(value(runtime), right(runtime)))) };
  }

  #startsOperand(): boolean {
    const { kind } = this.#tokens.token;
    if (['number', 'string', 'expression', 'name', 'function'].includes(kind)) return true;
    return ['$', '!', '(', '-', '+', '++', '--'].some((one) => this.#tokens.is(one));
  }

  concatenation(): Expression {
    let left = this.#additive();
    while (this.#startsOperand() && !this.#tokens.is('in')) {
      const [a, b] = [left.value, this.#additive().value];
      left = { value: (runtime) => toText(a(runtime)) + toText(b(runtime)) };
    }
    return left;
  }

  #operators(operators: readonly string[], next: () => Expression): Expression {
    let left = next();
    for (;;) {
      const operator = operators.find((one) => this.#tokens.is(one));
      if (operator === undefined) return left;
      this.#tokens.at += 1;
      const [a, b] = [left.value, next().value];
      left = { value: (runtime) => arithmetic(operator, toNumber(a(runtime)), toNumber(b(runtime))) };
    }
  }

  #additive(): Expression {
    return this.#operators(['+', '-'], () => this.#multiplicative());
  }

  #multiplicative(): Expression {
    return this.#operators(['*', '/', '%'], () => this.#unary());
  }

  #unary(): Expression {
    if (this.#tokens.accept('!')) {
      const { value } = this.#unary();
      return { value: (runtime) => Number(!isTrue(value(runtime))) };
    }
    if (this.#tokens.accept('-')) {
      const { value } = this.#unary();
      return { value: (runtime) => -toNumber(value(runtime)) };
    }
    if (this.#tokens.accept('+')) {
      const { value } = this.#unary();
      return { value: (runtime) => toNumber(value(runtime)) };
    }
    const base = this.operands.postfix();
    if (!this.#tokens.accept('^')) return base;
    const { value: exponent } = this.#unary();
    return { value: (runtime) => toNumber(base.value(runtime)) ** toNumber(exponent(runtime)) };
  }
}
