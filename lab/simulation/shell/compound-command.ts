import type { CompoundCommand, CompoundList } from 'unbash';
import { LoopControl, ShellError } from './control.js';
import type { Interpreter } from './interpreter.js';
import { matches } from './expansion/patterns.js';
import type { Shell } from './shell.js';
import { testExpression } from './builtins/test-command.js';

const loop = async (
  interpreter: Interpreter,
  shell: Shell,
  next: () => Promise<CompoundList | undefined>,
): Promise<number> => {
  let status = 0;
  shell.loops += 1;
  try {
    for (let round = 1; ; round += 1) {
      shell.process.throwIfKilled();
      // A loop that waits for nothing must not keep all the other hosts waiting.
      if (round % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      try {
        const body = await next();
        if (body === undefined) return status;
        status = await interpreter.list(shell, body);
      } catch (error) {
        if (!(error instanceof LoopControl)) throw error;
        if (error.levels > 1) throw new LoopControl(error.kind, error.levels - 1);
        status = 0;
        if (error.kind === 'break') return status;
      }
    }
  } finally {
    shell.loops -= 1;
  }
};

/** What groups commands, chooses among them or repeats them. */
export const runCompound = async (interpreter: Interpreter, shell: Shell, node: CompoundCommand): Promise<number> => {
  switch (node.type) {
    case 'BraceGroup':
      return interpreter.list(shell, node.body);
    case 'Subshell': {
      const child = interpreter.fork(shell);
      return shell.process.during(interpreter.inSubshell(child, () => interpreter.list(child, node.body)));
    }
    case 'If': {
      for (const { clause, then } of [node, ...node.elif]) {
        if ((await interpreter.tolerantly(shell, () => interpreter.list(shell, clause))) === 0)
          return interpreter.list(shell, then);
      }
      return node.else === undefined ? 0 : interpreter.list(shell, node.else);
    }
    case 'While':
      return loop(interpreter, shell, async () => {
        const status = await interpreter.tolerantly(shell, () => interpreter.list(shell, node.clause));
        return (status === 0) === (node.kind === 'while') ? node.body : undefined;
      });
    case 'For': {
      const values =
        node.wordlist === undefined ? [...shell.positional] : await interpreter.words.fields(shell, node.wordlist);
      return loop(interpreter, shell, () => {
        const value = values.shift();
        if (value === undefined) return Promise.resolve(undefined);
        shell.set(node.name.value, value);
        return Promise.resolve(node.body);
      });
    }
    case 'ArithmeticFor': {
      await interpreter.words.number(shell, node.initialize);
      let first = true;
      return loop(interpreter, shell, async () => {
        if (!first) await interpreter.words.number(shell, node.update);
        first = false;
        const goOn = node.test === undefined || (await interpreter.words.number(shell, node.test)) !== 0;
        return goOn ? node.body : undefined;
      });
    }
    case 'Case': {
      const text = await interpreter.words.text(shell, node.word);
      for (const item of node.items) {
        for (const pattern of item.pattern) {
          if (matches(await interpreter.words.pattern(shell, pattern), text)) return interpreter.list(shell, item.body);
        }
      }
      return 0;
    }
    case 'TestCommand':
      return Number(!(await testExpression(shell, interpreter.words, node.expression)));
    case 'ArithmeticCommand':
      return Number((await interpreter.words.number(shell, node.expression)) === 0);
    case 'Select':
      throw new ShellError('select is not known here');
  }
};
