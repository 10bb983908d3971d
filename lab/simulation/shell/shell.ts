import type { CompoundCommand, Redirected } from 'unbash';
import type { Process } from '../system/process.js';
import { ShellError } from './control.js';

export type FunctionBody = CompoundCommand | Redirected;

/** Which shell a script takes it for: they differ in what `echo` makes of a backslash, and in bash's own variables. */
export type Dialect = 'sh' | 'bash';

/** Options of `set`. */
export interface ShellOptions {
  errexit: boolean;
  nounset: boolean;
  noglob: boolean;
  pipefail: boolean;
}

/** The state of a shell, or of a subshell, which has a copy of its parent's. */
export class Shell {
  readonly process: Process;
  readonly dialect: Dialect;
  readonly variables: Map<string, string>;
  readonly exported: Set<string>;
  readonly readonlyNames: Set<string>;
  readonly functions: Map<string, FunctionBody>;
  readonly options: ShellOptions;
  /** `$0`. */
  readonly name: string;
  /** `$$`: the same in every subshell. */
  readonly pid: number;
  positional: readonly string[];
  status = 0;
  /** `$!`, and what `wait` waits for. */
  lastBackground: Process | undefined;
  readonly background = new Set<Process>();
  readonly traps: Map<string, string>;
  readonly pendingSignals: string[] = [];
  /** Above 0 while a failing command does not end the shell: in conditions. */
  tolerant = 0;
  /** How many commands have been substituted: an assignment has the status of the last one in it. */
  substitutions = 0;
  loops = 0;
  functionDepth = 0;
  /** Values that `local` hides, one map for each function that runs. */
  readonly locals: Map<string, string | undefined>[] = [];

  constructor(process: Process, of: { dialect: Dialect; name: string; positional: readonly string[]; parent?: Shell }) {
    this.process = process;
    this.dialect = of.dialect;
    this.name = of.name;
    this.positional = of.positional;
    const { parent } = of;
    this.variables = new Map(parent?.variables ?? process.environment);
    this.exported = new Set(parent?.exported ?? process.environment.keys());
    this.readonlyNames = new Set(parent?.readonlyNames);
    this.functions = new Map(parent?.functions);
    this.options = { errexit: false, nounset: false, noglob: false, pipefail: false, ...parent?.options };
    this.pid = parent?.pid ?? process.pid;
    this.status = parent?.status ?? 0;
    this.tolerant = parent?.tolerant ?? 0;
    this.functionDepth = parent?.functionDepth ?? 0;
    this.lastBackground = parent?.lastBackground;
    // A subshell forgets traps, but not that a signal is ignored.
    this.traps = new Map([...(parent?.traps ?? [])].filter(([, action]) => action === ''));
    if (parent === undefined) {
      if (!this.variables.has('IFS')) this.variables.set('IFS', ' \t\n');
      this.variables.set('PPID', String(process.parent?.pid ?? 1));
    }
  }

  /** A subshell in a process of its own. */
  fork(process: Process): Shell {
    return new Shell(process, { dialect: this.dialect, name: this.name, positional: this.positional, parent: this });
  }

  get(name: string): string | undefined {
    return this.variables.get(name) ?? (this.dialect === 'bash' ? bashVariable(this, name) : undefined);
  }

  /** @throws ShellError for one that is read-only. */
  set(name: string, value: string): void {
    if (this.readonlyNames.has(name)) throw new ShellError(`${name}: is read only`);
    this.variables.set(name, value);
  }

  /** What a program gets to see. */
  environment(more?: ReadonlyMap<string, string>): Map<string, string> {
    const environment = new Map<string, string>();
    for (const name of this.exported) {
      const value = this.variables.get(name);
      if (value !== undefined) environment.set(name, value);
    }
    for (const [name, value] of more ?? []) environment.set(name, value);
    return environment;
  }

  complain(message: string): void {
    this.process.complain(`${this.name}: ${this.dialect === 'bash' ? 'line 1: ' : '1: '}${message}\n`);
  }
}

const bashVariable = (shell: Shell, name: string): string | undefined => {
  switch (name) {
    case 'EPOCHREALTIME': {
      const now = shell.process.machine.preciseNow();
      return `${Math.floor(now / 1000)}.${String(Math.floor((now % 1000) * 1000)).padStart(6, '0')}`;
    }
    case 'EPOCHSECONDS':
      return String(Math.floor(shell.process.machine.now() / 1000));
    case 'BASHPID':
      return String(shell.process.pid);
    case 'RANDOM':
      return String(Math.floor(Math.random() * 32_768));
    case 'HOSTNAME':
      return shell.process.machine.hostname;
    default:
      return undefined;
  }
};
