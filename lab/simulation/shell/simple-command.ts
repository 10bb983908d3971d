import type { Command, CompoundCommand, Redirected } from 'unbash';
import { builtins, specialBuiltins } from './builtins/builtins.js';
import { Return } from './control.js';
import { runExternal } from './external.js';
import { failedRedirection } from './failed-redirection.js';
import type { Interpreter } from './interpreter.js';
import { redirect, withRedirections } from './redirect.js';
import type { Shell } from './shell.js';

/** Sets variables; the answer takes it back. */
const assign = (shell: Shell, given: ReadonlyMap<string, string>): (() => void) => {
  const before = new Map([...given.keys()].map((name) => [name, shell.variables.get(name)]));
  for (const [name, value] of given) shell.set(name, value);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) shell.variables.delete(name);
      else shell.variables.set(name, value);
    }
  };
};

const argumentsOf = async (interpreter: Interpreter, shell: Shell, { name, args }: Command): Promise<string[]> => {
  const found = name === undefined ? [] : await interpreter.words.fields(shell, [name]);
  for (const one of args) {
    if (one.type === 'Word') found.push(...(await interpreter.words.fields(shell, [one])));
    // As of `export a=b`: what such an argument expands to is one word, quoted or not.
    else if (one.value.type === 'Word') found.push(`${one.name}=${await interpreter.words.text(shell, one.value)}`);
  }
  return found;
};

const assignmentsOnly = async (
  interpreter: Interpreter,
  shell: Shell,
  node: Command,
  statusBefore: number,
): Promise<number> => {
  const before = shell.substitutions;
  for (const one of node.prefix) {
    if (one.type !== 'Assignment') continue;
    const value = one.value.type === 'Word' ? await interpreter.words.text(shell, one.value) : '';
    shell.set(one.name, one.append === true ? (shell.get(one.name) ?? '') + value : value);
  }
  const status = shell.substitutions > before ? shell.status : 0;
  if (node.redirects.length > 0) {
    try {
      await withRedirections(shell, interpreter.words, node.redirects, () => Promise.resolve(0));
    } catch (error) {
      return failedRedirection(shell, error);
    }
  }
  if (node.prefix.length === 0 && node.name !== undefined) return statusBefore;
  return status;
};

const callFunction = async (
  interpreter: Interpreter,
  shell: Shell,
  body: CompoundCommand | Redirected,
  args: readonly string[],
): Promise<number> => {
  const { positional, loops } = shell;
  shell.positional = args;
  shell.loops = 0;
  shell.functionDepth += 1;
  shell.locals.push(new Map());
  try {
    return await interpreter.command(shell, body);
  } catch (error) {
    if (error instanceof Return) return error.status;
    throw error;
  } finally {
    for (const [name, value] of shell.locals.pop() ?? []) {
      if (value === undefined) shell.variables.delete(name);
      else shell.variables.set(name, value);
    }
    shell.positional = positional;
    shell.loops = loops;
    shell.functionDepth -= 1;
  }
};

/** A command with its arguments, assignments and redirections. */
export const runSimple = async (interpreter: Interpreter, shell: Shell, node: Command): Promise<number> => {
  const statusBefore = shell.status;
  const [name, ...args] = await argumentsOf(interpreter, shell, node);
  if (name === undefined) return assignmentsOnly(interpreter, shell, node, statusBefore);
  const special = specialBuiltins.get(name);
  const body = special === undefined ? shell.functions.get(name) : undefined;
  const builtin = special ?? (body === undefined ? builtins.get(name) : undefined);
  const given = new Map<string, string>();
  for (const one of node.prefix) {
    if (one.type !== 'Assignment') continue;
    const value = one.value.type === 'Word' ? await interpreter.words.text(shell, one.value) : '';
    given.set(one.name, one.append === true ? (shell.get(one.name) ?? '') + value : value);
  }
  if (name === 'exec' && args.length === 0) {
    assign(shell, given);
    return redirect(shell, interpreter.words, node.redirects).then(
      () => 0,
      (error: unknown) => failedRedirection(shell, error, true),
    );
  }
  const run = async (): Promise<number> => {
    if (builtin === undefined && body === undefined) return runExternal(shell, name, args, shell.environment(given));
    const restore = special === undefined ? assign(shell, given) : (assign(shell, given), undefined);
    try {
      if (body !== undefined) return await callFunction(interpreter, shell, body, args);
      return (await builtin?.({ interpreter, shell, name, args })) ?? 0;
    } finally {
      restore?.();
    }
  };
  try {
    return await withRedirections(shell, interpreter.words, node.redirects, run);
  } catch (error) {
    return failedRedirection(shell, error, special !== undefined);
  }
};
