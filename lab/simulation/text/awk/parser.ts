import { regularExpression } from '../regular-expressions.js';
import { format } from '../../shell/printf.js';
import { functions } from './functions.js';
import type { Argument } from './functions.js';
import { Jump } from './runtime.js';
import type { Runtime } from './runtime.js';
import { AwkSyntaxError, tokenize } from './tokens.js';
import type { Token } from './tokens.js';
import { Cell, compare, Input, isTrue, toNumber, toText } from './values.js';
import type { Value } from './values.js';

type Evaluate = (runtime: Runtime) => Value;
type Execute = (runtime: Runtime) => void;

/** Something that has a value, and perhaps a place for another one. */
interface Expression {
  readonly value: Evaluate;
  readonly assign?: (runtime: Runtime, value: Value) => void;
  readonly cell?: (runtime: Runtime) => Cell;
  readonly expression?: RegExp;
  /** Subscripts in parentheses, as before `in`. */
  readonly list?: readonly Expression[];
}

export interface Rule {
  readonly begins?: boolean;
  readonly ends?: boolean;
  readonly pattern?: Evaluate;
  /** The second pattern of a range. */
  readonly until?: Evaluate;
  readonly action?: Execute;
}

interface UserFunction {
  readonly parameters: readonly string[];
  body: Execute;
}

export interface Program {
  readonly rules: readonly Rule[];
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #parameters: readonly string[] = [];
  readonly #functions = new Map<string, UserFunction>();
  /** In the arguments of `print`, where `>` is a redirection. */
  #greaterRedirects = false;

  constructor(program: string) {
    this.#tokens = tokenize(program);
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #is(text: string): boolean {
    const { kind, text: found } = this.#token;
    return found === text && (kind === 'symbol' || kind === 'word');
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw new AwkSyntaxError(`syntax error at "${this.#token.text}", "${text}" was expected`);
  }

  #newlines(): void {
    while (this.#token.kind === 'newline') this.#at += 1;
  }

  #ends(): void {
    while (this.#token.kind === 'newline' || this.#is(';')) this.#at += 1;
  }

  program(): Program {
    const rules: Rule[] = [];
    this.#ends();
    while (this.#token.kind !== 'end') {
      if (this.#accept('function') || this.#accept('func')) this.#function();
      else rules.push(this.#rule());
      this.#ends();
    }
    return { rules };
  }

  #function(): void {
    const name = this.#token.text;
    this.#at += 1;
    this.#expect('(');
    const parameters: string[] = [];
    while (!this.#accept(')')) {
      parameters.push(this.#token.text);
      this.#at += 1;
      this.#accept(',');
      this.#newlines();
    }
    this.#newlines();
    this.#parameters = parameters;
    const known = this.#declare(name);
    this.#functions.set(name, Object.assign(known, { parameters, body: this.#block() }));
    this.#parameters = [];
  }

  #declare(name: string): UserFunction {
    const known = this.#functions.get(name) ?? { parameters: [], body: () => undefined };
    this.#functions.set(name, known);
    return known;
  }

  #rule(): Rule {
    if (this.#accept('BEGIN')) return { begins: true, action: this.#block() };
    if (this.#accept('END')) return { ends: true, action: this.#block() };
    if (this.#is('{')) return { action: this.#block() };
    const pattern = this.#expression().value;
    let until: Evaluate | undefined;
    if (this.#accept(',')) {
      this.#newlines();
      until = this.#expression().value;
    }
    const action = this.#is('{') ? this.#block() : undefined;
    return { pattern, ...(until === undefined ? {} : { until }), ...(action === undefined ? {} : { action }) };
  }

  #block(): Execute {
    this.#expect('{');
    const statements: Execute[] = [];
    this.#ends();
    while (!this.#accept('}')) {
      statements.push(this.#statement());
      this.#ends();
    }
    return (runtime) => {
      for (const statement of statements) statement(runtime);
    };
  }

  /** The body of a loop or of a condition. */
  #body(): Execute {
    this.#newlines();
    if (this.#accept(';')) return () => undefined;
    return this.#statement();
  }

  #statement(): Execute {
    if (this.#is('{')) return this.#block();
    if (this.#accept('if')) return this.#if();
    if (this.#accept('while')) return this.#while();
    if (this.#accept('do')) return this.#do();
    if (this.#accept('for')) return this.#for();
    const simple = this.#simple();
    if (!this.#accept(';') && this.#token.kind !== 'newline' && !this.#is('}') && this.#token.kind !== 'end')
      throw new AwkSyntaxError(`syntax error at "${this.#token.text}"`);
    return simple;
  }

  #if(): Execute {
    this.#expect('(');
    const condition = this.#expression().value;
    this.#expect(')');
    const then = this.#body();
    const before = this.#at;
    this.#ends();
    if (!this.#accept('else')) {
      this.#at = before;
      return (runtime) => {
        if (isTrue(condition(runtime))) then(runtime);
      };
    }
    const otherwise = this.#body();
    return (runtime) => (isTrue(condition(runtime)) ? then(runtime) : otherwise(runtime));
  }

  #while(): Execute {
    this.#expect('(');
    const condition = this.#expression().value;
    this.#expect(')');
    const body = this.#body();
    return (runtime) => {
      while (isTrue(condition(runtime))) if (!round(runtime, body)) return;
    };
  }

  #do(): Execute {
    const body = this.#body();
    this.#ends();
    this.#expect('while');
    this.#expect('(');
    const condition = this.#expression().value;
    this.#expect(')');
    return (runtime) => {
      do if (!round(runtime, body)) return;
      while (isTrue(condition(runtime)));
    };
  }

  #for(): Execute {
    this.#expect('(');
    const [name, word, array, end] = this.#tokens.slice(this.#at, this.#at + 4);
    if (name?.kind === 'name' && word?.text === 'in' && array?.kind === 'name' && end?.text === ')') {
      this.#at += 4;
      const variable = this.#variable(name.text);
      const cell = this.#cell(array.text);
      const body = this.#body();
      return (runtime) => {
        for (const key of Array.from(cell(runtime).array.keys())) {
          variable.assign?.(runtime, new Input(key));
          if (!round(runtime, body)) return;
        }
      };
    }
    const start = this.#is(';') ? undefined : this.#simple();
    this.#expect(';');
    const condition = this.#is(';') ? undefined : this.#expression().value;
    this.#expect(';');
    const step = this.#is(')') ? undefined : this.#simple();
    this.#expect(')');
    const body = this.#body();
    return (runtime) => {
      for (start?.(runtime); condition === undefined || isTrue(condition(runtime)); step?.(runtime))
        if (!round(runtime, body)) return;
    };
  }

  #simple(): Execute {
    const jump = ['next', 'exit', 'return', 'break', 'continue'].find((word) => this.#accept(word));
    if (jump !== undefined) return this.#jump(jump as Jump['to']);
    if (this.#accept('delete')) return this.#delete();
    if (this.#is('print') || this.#is('printf')) return this.#print();
    const { value } = this.#expression();
    return (runtime) => void value(runtime);
  }

  #jump(to: Jump['to']): Execute {
    const over = this.#token.kind === 'newline' || this.#token.kind === 'end' || this.#is(';') || this.#is('}');
    const value = over ? undefined : this.#expression().value;
    return (runtime) => {
      throw new Jump(to, value?.(runtime));
    };
  }

  #delete(): Execute {
    const cell = this.#cell(this.#token.text);
    this.#at += 1;
    if (!this.#accept('[')) return (runtime) => cell(runtime).array.clear();
    const key = this.#subscript();
    return (runtime) => void cell(runtime).array.delete(key(runtime));
  }

  #print(): Execute {
    const formatted = this.#token.text === 'printf';
    this.#at += 1;
    const before = this.#greaterRedirects;
    this.#greaterRedirects = true;
    let args: Expression[] = [];
    const over = (): boolean =>
      ['newline', 'end'].includes(this.#token.kind) || [';', '}', '>', '>>', '|'].some((one) => this.#is(one));
    if (!over()) {
      do {
        this.#newlines();
        args.push(this.#expression());
      } while (this.#accept(','));
    }
    const [only] = args;
    if (args.length === 1 && only?.list !== undefined) args = [...only.list];
    this.#greaterRedirects = before;
    const append = this.#is('>>');
    const target = this.#accept('>') || this.#accept('>>') ? this.#concatenation().value : undefined;
    if (this.#is('|')) throw new AwkSyntaxError('output to commands is not known here');
    return (runtime) => {
      const values = args.map(({ value }) => toText(value(runtime)));
      const text = formatted
        ? format((values[0] ?? '').replaceAll('\\', '\\\\'), values.slice(1)).text
        : (args.length === 0 ? toText(runtime.field(0)) : values.join(runtime.text('OFS'))) + runtime.text('ORS');
      if (target === undefined) runtime.world.print(text);
      else runtime.world.printTo(toText(target(runtime)), text, append);
    };
  }

  #expression(): Expression {
    const left = this.#ternary();
    const operator = ['=', '+=', '-=', '*=', '/=', '%=', '^='].find((one) => this.#is(one));
    if (operator === undefined || left.assign === undefined) return left;
    this.#at += 1;
    this.#newlines();
    const right = this.#expression().value;
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
    if (!this.#accept('?')) return condition;
    this.#newlines();
    const then = this.#expression().value;
    this.#newlines();
    this.#expect(':');
    this.#newlines();
    const otherwise = this.#expression().value;
    return { value: (runtime) => (isTrue(condition.value(runtime)) ? then(runtime) : otherwise(runtime)) };
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#accept('||')) {
      this.#newlines();
      const [a, b] = [left.value, this.#and().value];
      left = { value: (runtime) => Number(isTrue(a(runtime)) || isTrue(b(runtime))) };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#in();
    while (this.#accept('&&')) {
      this.#newlines();
      const [a, b] = [left.value, this.#in().value];
      left = { value: (runtime) => Number(isTrue(a(runtime)) && isTrue(b(runtime))) };
    }
    return left;
  }

  #in(): Expression {
    let left = this.#match();
    while (this.#accept('in')) {
      const key = subscriptOf(left.list ?? [left]);
      const cell = this.#cell(this.#token.text);
      this.#at += 1;
      left = { value: (runtime) => Number(cell(runtime).array.has(key(runtime))) };
    }
    return left;
  }

  #match(): Expression {
    let left = this.#comparison();
    for (;;) {
      const negated = this.#is('!~');
      if (!this.#accept('~') && !this.#accept('!~')) return left;
      const text = left.value;
      const right = this.#comparison();
      left = {
        value: (runtime) => {
          const expression = right.expression ?? regularExpression(toText(right.value(runtime)), true);
          return Number(expression.test(toText(text(runtime))) !== negated);
        },
      };
    }
  }

  #comparison(): Expression {
    const left = this.#concatenation();
    const operator = ['<', '<=', '==', '!=', '>=', '>'].find((one) => this.#is(one));
    if (operator === undefined || (operator === '>' && this.#greaterRedirects)) return left;
    this.#at += 1;
    const right = this.#concatenation().value;
    const { value } = left;
    return { value: (runtime) => Number(holds(operator, compare(value(runtime), right(runtime)))) };
  }

  #startsOperand(): boolean {
    const { kind } = this.#token;
    if (['number', 'string', 'expression', 'name', 'function'].includes(kind)) return true;
    return ['$', '!', '(', '-', '+', '++', '--'].some((one) => this.#is(one));
  }

  #concatenation(): Expression {
    let left = this.#additive();
    while (this.#startsOperand() && !this.#is('in')) {
      const [a, b] = [left.value, this.#additive().value];
      left = { value: (runtime) => toText(a(runtime)) + toText(b(runtime)) };
    }
    return left;
  }

  #operators(operators: readonly string[], next: () => Expression): Expression {
    let left = next();
    for (;;) {
      const operator = operators.find((one) => this.#is(one));
      if (operator === undefined) return left;
      this.#at += 1;
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
    if (this.#accept('!')) {
      const { value } = this.#unary();
      return { value: (runtime) => Number(!isTrue(value(runtime))) };
    }
    if (this.#accept('-')) {
      const { value } = this.#unary();
      return { value: (runtime) => -toNumber(value(runtime)) };
    }
    if (this.#accept('+')) {
      const { value } = this.#unary();
      return { value: (runtime) => toNumber(value(runtime)) };
    }
    const base = this.#postfix();
    if (!this.#accept('^')) return base;
    const { value: exponent } = this.#unary();
    return { value: (runtime) => toNumber(base.value(runtime)) ** toNumber(exponent(runtime)) };
  }

  #postfix(): Expression {
    for (const operator of ['++', '--'] as const) {
      if (!this.#accept(operator)) continue;
      const operand = this.#primary();
      return { value: (runtime) => step(runtime, operand, operator, true) };
    }
    const operand = this.#primary();
    for (const operator of ['++', '--'] as const) {
      if (operand.assign === undefined || !this.#accept(operator)) continue;
      return { value: (runtime) => step(runtime, operand, operator, false) };
    }
    return operand;
  }

  #primary(): Expression {
    const token = this.#token;
    this.#at += 1;
    switch (token.kind) {
      case 'number': {
        const number = Number(token.text);
        return { value: () => number };
      }
      case 'string':
        return { value: () => token.text };
      case 'expression': {
        const expression = regularExpression(token.text, true);
        return { expression, value: (runtime) => Number(expression.test(toText(runtime.field(0)))) };
      }
      case 'name':
        return this.#variable(token.text);
      case 'function':
        return this.#call(token.text);
      default:
    }
    if (token.text === '$') {
      const { value: index } = this.#is('++') || this.#is('--') ? this.#postfix() : this.#primary();
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
    const before = this.#greaterRedirects;
    this.#greaterRedirects = false;
    const list = [this.#expression()];
    while (this.#accept(',')) {
      this.#newlines();
      list.push(this.#expression());
    }
    this.#expect(')');
    this.#greaterRedirects = before;
    const [only] = list;
    if (list.length > 1 || only === undefined) return { list, value: (runtime) => subscriptOf(list)(runtime) };
    // A place in parentheses stays one: ($1)++ and (x) = 1 are known.
    return only;
  }

  #getline(): Expression {
    const target = this.#token.kind === 'name' || this.#is('$') ? this.#primary() : undefined;
    const from = this.#accept('<') ? this.#primary().value : undefined;
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

  #cell(name: string): (runtime: Runtime) => Cell {
    const index = this.#parameters.indexOf(name);
    if (index === -1) return (runtime) => runtime.global(name);
    return (runtime) => (runtime.locals[index] ??= new Cell());
  }

  #subscript(): (runtime: Runtime) => string {
    const list = [this.#expression()];
    while (this.#accept(',')) list.push(this.#expression());
    this.#expect(']');
    return subscriptOf(list);
  }

  #variable(name: string): Expression {
    const cell = this.#cell(name);
    if (this.#accept('[')) {
      const key = this.#subscript();
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
    this.#expect('(');
    const args: Expression[] = [];
    const before = this.#greaterRedirects;
    this.#greaterRedirects = false;
    while (!this.#accept(')')) {
      args.push(this.#expression());
      this.#accept(',');
      this.#newlines();
    }
    this.#greaterRedirects = before;
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
    const called = this.#declare(name);
    return { value: (runtime) => callFunction(runtime, called, args) };
  }
}

const callFunction = (runtime: Runtime, called: UserFunction, args: readonly Expression[]): Value => {
  const locals = args.map((arg) => {
    const lender = arg.cell?.(runtime);
    if (lender !== undefined && (lender.isArray || lender.value === undefined)) return new Cell(lender);
    const cell = new Cell();
    cell.value = arg.value(runtime);
    return cell;
  });
  while (locals.length < called.parameters.length) locals.push(new Cell());
  const before = runtime.locals;
  runtime.locals = locals;
  try {
    called.body(runtime);
    return undefined;
  } catch (error) {
    if (error instanceof Jump && error.to === 'return') return error.value;
    throw error;
  } finally {
    runtime.locals = before;
  }
};

/** Runs the body of a loop once; false when it was left by `break`. */
const round = (runtime: Runtime, body: Execute): boolean => {
  try {
    body(runtime);
    return true;
  } catch (error) {
    if (!(error instanceof Jump) || (error.to !== 'break' && error.to !== 'continue')) throw error;
    return error.to === 'continue';
  }
};

const subscriptOf =
  (list: readonly Expression[]) =>
  (runtime: Runtime): string =>
    list.map(({ value }) => toText(value(runtime))).join(runtime.text('SUBSEP'));

const step = (runtime: Runtime, operand: Expression, operator: '++' | '--', before: boolean): number => {
  const now = toNumber(operand.value(runtime));
  const next = now + (operator === '++' ? 1 : -1);
  operand.assign?.(runtime, next);
  return before ? next : now;
};

const arithmetic = (operator: string, left: number, right: number): number => {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return left % right;
    default:
      return left ** right;
  }
};

const holds = (operator: string, difference: number): boolean => {
  switch (operator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '==':
      return difference === 0;
    case '!=':
      return difference !== 0;
    case '>=':
      return difference >= 0;
    default:
      return difference > 0;
  }
};

const cache = new Map<string, Program>();

/** @throws AwkSyntaxError */
export const parseProgram = (text: string): Program => {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const program = new Parser(text).program();
  if (cache.size >= 200) cache.clear();
  cache.set(text, program);
  return program;
};
