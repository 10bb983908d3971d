import type { AndOr, CommandNode, CompoundList, Pipeline, PipelineNode, Redirected, Script, Statement } from 'unbash';
import { FileError } from '../files/file-error.js';
import { nothing, Pipe } from '../system/description.js';
import { Killed, Process } from '../system/process.js';
import { runCompound } from './compound-command.js';
import { Exit, LoopControl, Return, ShellError } from './control.js';
import { failedRedirection } from './failed-redirection.js';
import { withRedirections } from './redirect.js';
import type { Shell } from './shell.js';
import { runSimple } from './simple-command.js';
import { runPendingTraps, runExitTrap } from './traps.js';
import { Words } from './expansion/words.js';

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
      status = await this.tolerantly(shell, () => this.#pipeline(shell, command));
      shell.status = status;
    }
    return status;
  }

  async tolerantly(shell: Shell, work: () => Promise<number>): Promise<number> {
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
    const status = negations > 0 ? await this.tolerantly(shell, run) : await run();
    return negations % 2 === 1 ? Number(status === 0) : status;
  }

  async #piped(shell: Shell, { commands, operators }: Pipeline): Promise<number> {
    const stages: Promise<number>[] = [];
    let input = shell.process.descriptor(0).retain();
    for (const [index, command] of commands.entries()) {
      const pipe = index < commands.length - 1 ? new Pipe() : undefined;
      const child = this.fork(shell);
      setDescriptor(child.process, 0, input);
      if (pipe !== undefined) {
        setDescriptor(child.process, 1, pipe.writer);
        if (operators[index] === '|&') setDescriptor(child.process, 2, pipe.writer.retain());
        input = pipe.reader;
      }
      stages.push(this.inSubshell(child, () => this.command(child, command)));
    }
    const statuses = await shell.process.during(Promise.all(stages));
    if (shell.options.pipefail) return statuses.findLast((status) => status !== 0) ?? 0;
    return statuses.at(-1) ?? 0;
  }

  fork(shell: Shell): Shell {
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
  async inSubshell(shell: Shell, work: () => Promise<number>): Promise<number> {
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
    const child = this.fork(shell);
    // Not interactive: what runs in the background does not take the script's input.
    setDescriptor(child.process, 0, nothing());
    shell.lastBackground = child.process;
    shell.background.add(child.process);
    child.tolerant = 0;
    void this.inSubshell(child, () => this.#andOr(child, command));
  }

  async #substitute(shell: Shell, script: Script): Promise<string> {
    const child = this.fork(shell);
    const pipe = new Pipe();
    setDescriptor(child.process, 1, pipe.writer);
    const status = this.inSubshell(child, () => this.statements(child, script.commands));
    // Whoever keeps the output open, as a command in the background, keeps it waiting.
    const text = await shell.process.during(pipe.reader.readAll());
    shell.status = await shell.process.during(status);
    shell.substitutions += 1;
    return text.replace(/\n+$/, '');
  }

  async command(shell: Shell, node: CommandNode): Promise<number> {
    switch (node.type) {
      case 'Command':
        return runSimple(this, shell, node);
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
        return runCompound(this, shell, node);
    }
  }

  async #redirected(shell: Shell, node: Redirected): Promise<number> {
    try {
      return await withRedirections(shell, this.words, node.redirects, () => runCompound(this, shell, node.command));
    } catch (error) {
      return failedRedirection(shell, error);
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
