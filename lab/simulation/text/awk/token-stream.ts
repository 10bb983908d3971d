import { AwkSyntaxError, tokenize } from './tokens.js';
import type { Token } from './tokens.js';

/** The tokens of a program, and where its parser is. */
export class TokenStream {
  readonly tokens: readonly Token[];
  at = 0;
  /** In the arguments of `print`, where `>` is a redirection. */
  greaterRedirects = false;

  constructor(program: string) {
    this.tokens = tokenize(program);
  }

  get token(): Token {
    return this.tokens[this.at] as Token;
  }

  is(text: string): boolean {
    const { kind, text: found } = this.token;
    return found === text && (kind === 'symbol' || kind === 'word');
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.at += 1;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw new AwkSyntaxError(`syntax error at "${this.token.text}", "${text}" was expected`);
  }

  newlines(): void {
    while (this.token.kind === 'newline') this.at += 1;
  }

  ends(): void {
    while (this.token.kind === 'newline' || this.is(';')) this.at += 1;
  }
}
