import type {
  AndOr,
  Command,
  CommandNode,
  CompoundCommand,
  CompoundList,
  Pipeline,
  PipelineNode,
  Redirected,
  Script,
  Statement,
} from 'unbash';
import { FileError } from '../files/file-error.js';
import { nothing, Pipe } from '../system/description.js';
import { Killed, Process } from '../system/process.js';
import { builtins, specialBuiltins } from './builtins.js';
import { Exit, LoopControl, Return, ShellError } from './control.js';
import { runExternal } from './external.js';
import { matches } from './patterns.js';
import { redirect, withRedirections } from './redirect.js';
import type { Shell } from './shell.js';
import { testExpression } from './test-command.js';
import { runPendingTraps, runExitTrap } from './traps.js';
import { Words } from './words.js';

/** Runs scripts as a POSIX shell does: dash, or bash where it differs and scripts notice. */
export class Interpreter {
  readonly words = new Words((shell, script) => this.#substitute(shell, script));

  /** A whole script in a shell of its own; its status. Traps of `EXIT` run at the end. */
  async script(shell: Shell, script: Script): Promise<number> {
    const status = await this.#guarded(shell, () => this.statements(shell, script.commands));
    return runExitTrap(this, shell, status);
  }

  /** Turns what leaves a shell into its status. */
  async #guarded(shell: Shell, work: () => Promise<number>): Promise<number> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Exit || error instanceof Return) return error.status;
      if (error instanceof LoopControl) return shell.status;
      if (error instanceof ShellError) {
        shell.complain(error.message);
        return error.status;
      }
      throw error;
    }
  }

  async statements(shell: Shell, statements: readonly Statement[]): Promise<number> {
    for (const { command, background } of statements) {
      shell.process.throwIfKilled();
      if (background === true) {
        this.#inBackground(shell, command);
        shell.status = 0;
      } else shell.status = await this.#andOr(shell, command);
      if (shell.pendingSignals.length > 0) await runPendingTraps(this, shell);
    }
    return shell.status;
  }

  list(shell: Shell, list: CompoundList): Promise<number> {
    return this.statements(shell, list.commands);
  }

  async #andOr(shell: Shell, node: PipelineNode | AndOr): Promise<number> {
    if (node.type !== 'AndOr') return this.#checked(shell, node);
    const { commands, operators } = node;
    let status = 0;
    for (const [index, command] of commands.entries()) {
      const operator = operators[index - 1];
      if (operator !== undefined && (operator === '&&') !== (status === 0)) continue;
      if (index === commands.length - 1) return this.#checked(shell, command);
      status = await this.#tolerantly(shell, () => this.#pipeline(shell, command));
      shell.status = status;
    }
    return status;
  }

  async #tolerantly(shell: Shell, work: () => Promise<number>): Promise<number> {
    shell.tolerant += 1;
    try {
      return await work();
    } finally {
      shell.tolerant -= 1;
    }
  }

  /** A command whose failure ends the shell with `set -e`. */
  async #checked(shell: Shell, node: PipelineNode): Promise<number> {
    const status = await this.#pipeline(shell, node);
    shell.status = status;
    const negated = node.type === 'Pipeline' && node.prefixes.some(({ type }) => type === 'Negation');
    if (status !== 0 && shell.options.errexit && shell.tolerant === 0 && !negated) throw new Exit(status);
    return status;
  }

  async #pipeline(shell: Shell, node: PipelineNode): Promise<number> {
    if (node.type !== 'Pipeline') return this.command(shell, node);
    const negations = node.prefixes.filter(({ type }) => type === 'Negation').length;
    const run = (): Promise<number> => {
      const [only] = node.commands;
      return node.commands.length === 1 && only !== undefined ? this.command(shell, only) : this.#piped(shell, node);
    };
    const status = negations > 0 ? await this.#tolerantly(shell, run) : await run();
    return negations % 2 === 1 ? Number(status === 0) : status;
  }

  async #piped(shell: Shell, { commands, operators }: Pipeline): Promise<number> {
    const stages: Promise<number>[] = [];
    let input = shell.process.descriptor(0).retain();
    for (const [index, command] of commands.entries()) {
      const pipe = index < commands.length - 1 ? new Pipe() : undefined;
      const child = this.#fork(shell);
      setDescriptor(child.process, 0, input);
      if (pipe !== undefined) {
        setDescriptor(child.process, 1, pipe.writer);
        if (operators[index] === '|&') setDescriptor(child.process, 2, pipe.writer.retain());
        input = pipe.reader;
      }
      stages.push(this.#inSubshell(child, () => this.command(child, command)));
    }
    const statuses = await shell.process.during(Promise.all(stages));
    if (shell.options.pipefail) return statuses.findLast((status) => status !== 0) ?? 0;
    return statuses.at(-1) ?? 0;
  }

  #fork(shell: Shell): Shell {
    const { process: parent } = shell;
    const process = new Process({
      machine: parent.machine,
      parent,
      argv: parent.argv,
      descriptors: new Map([...parent.descriptors].map(([number, description]) => [number, description.retain()])),
      environment: parent.environment,
      directory: parent.directory,
      uid: parent.uid,
      umask: parent.umask,
    });
    return shell.fork(process);
  }

  /** Runs a part of a script in the process of a subshell, and ends that. */
  async #inSubshell(shell: Shell, work: () => Promise<number>): Promise<number> {
    const { process } = shell;
    let status: number;
    try {
      status = await runExitTrap(this, shell, await this.#guarded(shell, work));
    } catch (error) {
      status = error instanceof Killed ? 128 + error.signal : 2;
      if (error instanceof FileError) shell.complain(error.message);
      else if (!(error instanceof Killed)) process.machine.defect(error);
    }
    if (process.killedBy !== undefined) status = 128 + process.killedBy;
    process.end(status);
    return status;
  }

  #inBackground(shell: Shell, command: PipelineNode | AndOr): void {
    const child = this.#fork(shell);
    // Not interactive: what runs in the background does not take the script's input.
    setDescriptor(child.process, 0, nothing());
    shell.lastBackground = child.process;
    shell.background.add(child.process);
    child.tolerant = 0;
    void this.#inSubshell(child, () => this.#andOr(child, command));
  }

  async #substitute(shell: Shell, script: Script): Promise<string> {
    const child = this.#fork(shell);
    const pipe = new Pipe();
    setDescriptor(child.process, 1, pipe.writer);
    const status = this.#inSubshell(child, () => this.statements(child, script.commands));
    // Whoever keeps the output open, as a command in the background, keeps it waiting.
    const text = await shell.process.during(pipe.reader.readAll());
    shell.status = await shell.process.during(status);
    shell.substitutions += 1;
    return text.replace(/\n+$/, '');
  }

  async command(shell: Shell, node: CommandNode): Promise<number> {
    switch (node.type) {
      case 'Command':
        return this.#simple(shell, node);
      case 'Function': {
        if (node.body.type === 'CompoundList') throw new ShellError('Syntax error: bad function');
        shell.functions.set(node.name.value, node.body);
        return 0;
      }
      case 'Redirected':
        return this.#redirected(shell, node);
      case 'Coproc':
        throw new ShellError('coproc is not known here');
      default:
        return this.#compound(shell, node);
    }
  }

  async #redirected(shell: Shell, node: Redirected): Promise<number> {
    try {
      return await withRedirections(shell, this.words, node.redirects, () => this.#compound(shell, node.command));
    } catch (error) {
      return failedRedirection(shell, error);
    }
  }

  async #compound(shell: Shell, node: CompoundCommand): Promise<number> {
    switch (node.type) {
      case 'BraceGroup':
        return this.list(shell, node.body);
      case 'Subshell': {
        const child = this.#fork(shell);
        return shell.process.during(this.#inSubshell(child, () => this.list(child, node.body)));
      }
      case 'If': {
        for (const { clause, then } of [node, ...node.elif]) {
          if ((await this.#tolerantly(shell, () => this.list(shell, clause))) === 0) return this.list(shell, then);
        }
        return node.else === undefined ? 0 : this.list(shell, node.else);
      }
      case 'While':
        return this.#loop(shell, async () => {
          const status = await this.#tolerantly(shell, () => this.list(shell, node.clause));
          return (status === 0) === (node.kind === 'while') ? node.body : undefined;
        });
      case 'For': {
        const values =
          node.wordlist === undefined ? [...shell.positional] : await this.words.fields(shell, node.wordlist);
        return this.#loop(shell, () => {
          const value = values.shift();
          if (value === undefined) return Promise.resolve(undefined);
          shell.set(node.name.value, value);
          return Promise.resolve(node.body);
        });
      }
      case 'ArithmeticFor': {
        await this.words.number(shell, node.initialize);
        let first = true;
        return this.#loop(shell, async () => {
          if (!first) await this.words.number(shell, node.update);
          first = false;
          const goOn = node.test === undefined || (await this.words.number(shell, node.test)) !== 0;
          return goOn ? node.body : undefined;
        });
      }
      case 'Case': {
        const text = await this.words.text(shell, node.word);
        for (const item of node.items) {
          for (const pattern of item.pattern) {
            if (matches(await this.words.pattern(shell, pattern), text)) return this.list(shell, item.body);
          }
        }
        return 0;
      }
      case 'TestCommand':
        return Number(!(await testExpression(shell, this.words, node.expression)));
      case 'ArithmeticCommand':
        return Number((await this.words.number(shell, node.expression)) === 0);
      case 'Select':
        throw new ShellError('select is not known here');
    }
  }

  async #loop(shell: Shell, next: () => Promise<CompoundList | undefined>): Promise<number> {
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
          status = await this.list(shell, body);
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
  }

  async #simple(shell: Shell, node: Command): Promise<number> {
    const statusBefore = shell.status;
    const [name, ...args] = await this.#argumentsOf(shell, node);
    if (name === undefined) return this.#assignmentsOnly(shell, node, statusBefore);
    const special = specialBuiltins.get(name);
    const body = special === undefined ? shell.functions.get(name) : undefined;
    const builtin = special ?? (body === undefined ? builtins.get(name) : undefined);
    const given = new Map<string, string>();
    for (const one of node.prefix) {
      if (one.type !== 'Assignment') continue;
      const value = one.value.type === 'Word' ? await this.words.text(shell, one.value) : '';
      given.set(one.name, one.append === true ? (shell.get(one.name) ?? '') + value : value);
    }
    if (name === 'exec' && args.length === 0) {
      assign(shell, given);
      return redirect(shell, this.words, node.redirects).then(
        () => 0,
        (error: unknown) => failedRedirection(shell, error, true),
      );
    }
    const run = async (): Promise<number> => {
      if (builtin === undefined && body === undefined) return runExternal(shell, name, args, shell.environment(given));
      const restore = special === undefined ? assign(shell, given) : (assign(shell, given), undefined);
      try {
        if (body !== undefined) return await this.#function(shell, body, args);
        return (await builtin?.({ interpreter: this, shell, name, args })) ?? 0;
      } finally {
        restore?.();
      }
    };
    try {
      return await withRedirections(shell, this.words, node.redirects, run);
    } catch (error) {
      return failedRedirection(shell, error, special !== undefined);
    }
  }

  async #argumentsOf(shell: Shell, { name, args }: Command): Promise<string[]> {
    const found = name === undefined ? [] : await this.words.fields(shell, [name]);
    for (const one of args) {
      if (one.type === 'Word') found.push(...(await this.words.fields(shell, [one])));
      // As of `export a=b`: what such an argument expands to is one word, quoted or not.
      else if (one.value.type === 'Word') found.push(`${one.name}=${await this.words.text(shell, one.value)}`);
    }
    return found;
  }

  async #assignmentsOnly(shell: Shell, node: Command, statusBefore: number): Promise<number> {
    const before = shell.substitutions;
    for (const one of node.prefix) {
      if (one.type !== 'Assignment') continue;
      const value = one.value.type === 'Word' ? await this.words.text(shell, one.value) : '';
      shell.set(one.name, one.append === true ? (shell.get(one.name) ?? '') + value : value);
    }
    const status = shell.substitutions > before ? shell.status : 0;
    if (node.redirects.length > 0) {
      try {
        await withRedirections(shell, this.words, node.redirects, () => Promise.resolve(0));
      } catch (error) {
        return failedRedirection(shell, error);
      }
    }
    if (node.prefix.length === 0 && node.name !== undefined) return statusBefore;
    return status;
  }

  async #function(shell: Shell, body: CompoundCommand | Redirected, args: readonly string[]): Promise<number> {
    const { positional, loops } = shell;
    shell.positional = args;
    shell.loops = 0;
    shell.functionDepth += 1;
    shell.locals.push(new Map());
    try {
      return await this.command(shell, body);
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
  }
}

const setDescriptor = (
  process: Process,
  number: number,
  description: Parameters<typeof process.descriptors.set>[1],
) => {
  process.descriptors.get(number)?.release();
  process.descriptors.set(number, description);
};

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

/** What the shell says of a file that it could not open; it ends a special builtin's shell. */
const failedRedirection = (shell: Shell, error: unknown, special = false): number => {
  if (error instanceof FileError && error.code === 'ENOSPC' && !special) {
    shell.complain(`I/O error: ${error.words}`);
    return 1;
  }
  if (error instanceof FileError) {
    const cannot = shell.dialect === 'sh' ? `cannot open ${error.path}: ${openingWords(error)}` : error.message;
    shell.complain(cannot);
    if (special && shell.dialect === 'sh') throw new Exit(2);
    return shell.dialect === 'sh' ? 2 : 1;
  }
  if (error instanceof ShellError && shell.dialect === 'bash') {
    for (const line of error.message.split('\n')) shell.complain(line);
    return error.status;
  }
  throw error;
};

/** dash's own words. */
const openingWords = (error: FileError): string => (error.code === 'ENOENT' ? 'No such file' : error.words);
