import { Expressions } from './expressions.js';
import { Scope } from './scope.js';
import { Statements } from './statements.js';
import type { Evaluate, Program, Rule } from './syntax.js';
import { TokenStream } from './token-stream.js';

class Parser {
  readonly #tokens: TokenStream;
  readonly #scope = new Scope();
  readonly #expressions: Expressions;
  readonly #statements: Statements;

  constructor(program: string) {
    this.#tokens = new TokenStream(program);
    this.#expressions = new Expressions(this.#tokens, this.#scope);
    this.#statements = new Statements(this.#tokens, this.#scope, this.#expressions);
  }

  program(): Program {
    const rules: Rule[] = [];
    this.#tokens.ends();
    while (this.#tokens.token.kind !== 'end') {
      if (this.#tokens.accept('function') || this.#tokens.accept('func')) this.#function();
      else rules.push(this.#rule());
      this.#tokens.ends();
    }
    return { rules };
  }

  #function(): void {
    const name = this.#tokens.token.text;
    this.#tokens.at += 1;
    this.#tokens.expect('(');
    const parameters: string[] = [];
    while (!this.#tokens.accept(')')) {
      parameters.push(this.#tokens.token.text);
      this.#tokens.at += 1;
      this.#tokens.accept(',');
      this.#tokens.newlines();
    }
    this.#tokens.newlines();
    this.#scope.parameters = parameters;
    this.#scope.define(name, () => this.#statements.block());
    this.#scope.parameters = [];
  }

  #rule(): Rule {
    if (this.#tokens.accept('BEGIN')) return { begins: true, action: this.#statements.block() };
    if (this.#tokens.accept('END')) return { ends: true, action: this.#statements.block() };
    if (this.#tokens.is('{')) return { action: this.#statements.block() };
    const pattern = this.#expressions.expression().value;
    let until: Evaluate | undefined;
    if (this.#tokens.accept(',')) {
      this.#tokens.newlines();
      until = this.#expressions.expression().value;
    }
    const action = this.#tokens.is('{') ? this.#statements.block() : undefined;
    return { pattern, ...(until === undefined ? {} : { until }), ...(action === undefined ? {} : { action }) };
  }
}

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
