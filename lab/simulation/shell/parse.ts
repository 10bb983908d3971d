import { parse } from 'unbash';
import type { Script } from 'unbash';

/** Scripts are sent again and again, most of them with a random word in them; what was seen lately is kept. */
const kept = new Map<string, Script>();
const mostKept = 64;

/** What the shell says of a script that it cannot read. */
export class SyntaxProblem extends Error {
  override readonly name = 'SyntaxProblem';
}

/** @throws SyntaxProblem */
export const parseScript = (text: string): Script => {
  const known = kept.get(text);
  if (known !== undefined) {
    kept.delete(text);
    kept.set(text, known);
    return known;
  }
  const script = parse(text);
  const [error] = script.errors ?? [];
  if (error !== undefined) throw new SyntaxProblem(`Syntax error: ${error.message}`);
  kept.set(text, script);
  if (kept.size > mostKept) kept.delete(kept.keys().next().value as string);
  return script;
};
