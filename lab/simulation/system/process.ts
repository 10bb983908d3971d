import { BrokenPipe, nothing } from './description.js';
import type { Description } from './description.js';
import type { Machine } from './machine.js';
import { signalNumbers } from './signals.js';

/** Thrown through a program when its process is killed. */
export class Killed extends Error {
  override readonly name = 'Killed';
  constructor(readonly signal: number) {
    super(`killed by signal ${signal}`);
  }
}

/** What a program is: it runs in a process and answers its exit code. */
export type Program = (process: Process, args: readonly string[]) => Promise<number> | number;

export interface ProcessOptions {
  readonly machine: Machine;
  readonly parent?: Process;
  readonly argv: readonly string[];
  readonly descriptors: Map<number, Description>;
  readonly environment: ReadonlyMap<string, string>;
  readonly directory: string;
  readonly uid: number;
  readonly umask: number;
  /** Control group below the root, such as `/system.slice/kubelet.service`; default the parent's. */
  readonly controlGroup?: string;
}

/** A process of a host. What it holds is released when it ends, however that is. */
export class Process {
  readonly pid: number;
  readonly machine: Machine;
  readonly parent: Process | undefined;
  argv: readonly string[];
  readonly descriptors: Map<number, Description>;
  readonly environment: Map<string, string>;
  directory: string;
  uid: number;
  umask: number;
  readonly controlGroup: string;
  readonly startedAt: number;
  readonly children = new Set<Process>();
  /** How it ended: exit code, or 128 plus the signal. */
  status: number | undefined;
  killedBy: number | undefined;
  /** A shell's trap takes a signal that it would die of. */
  onSignal: ((signal: number) => boolean) | undefined;
  readonly #onKill = new Set<() => void>();
  /** Who waits until it goes on; undefined while it is not stopped. */
  #continued: (() => void)[] | undefined;

  constructor(options: ProcessOptions) {
    this.machine = options.machine;
    this.parent = options.parent;
    this.argv = options.argv;
    this.descriptors = options.descriptors;
    this.environment = new Map(options.environment);
    this.directory = options.directory;
    this.uid = options.uid;
    this.umask = options.umask;
    this.controlGroup = options.controlGroup ?? options.parent?.controlGroup ?? '/';
    this.startedAt = options.machine.now();
    this.pid = options.machine.processes.add(this);
    this.parent?.children.add(this);
    this.machine.world.processStarted(this);
  }

  /** Called when the process is killed; the answer takes it back. */
  onKill(tell: () => void): () => void {
    this.#onKill.add(tell);
    return () => this.#onKill.delete(tell);
  }

  get isKilled(): boolean {
    return this.killedBy !== undefined;
  }

  descriptor(number: number): Description {
    const found = this.descriptors.get(number);
    if (found !== undefined) return found;
    const none = nothing();
    this.descriptors.set(number, none);
    return none;
  }

  get stdin(): Description {
    return this.descriptor(0);
  }

  print(text: string): void {
    this.write(1, text);
  }

  complain(text: string): void {
    this.write(2, text);
  }

  write(descriptor: number, text: string): void {
    this.throwIfKilled();
    if (text === '') return;
    try {
      this.descriptor(descriptor).write(text);
    } catch (error) {
      if (!(error instanceof BrokenPipe)) throw error;
      this.kill(signalNumbers.PIPE);
      this.throwIfKilled();
    }
  }

  readAll(): Promise<string> {
    return this.during(this.stdin.readAll());
  }

  /** Waits for something that ends early when the process is killed. @throws Killed */
  async during<T>(work: Promise<T>): Promise<T> {
    this.throwIfKilled();
    let forget: (() => void) | undefined;
    try {
      const done = await Promise.race([
        work,
        new Promise<never>((_, reject) => {
          forget = this.onKill(() => reject(new Killed(this.killedBy ?? signalNumbers.KILL)));
        }),
      ]);
      if (this.machine.isFrozen) await this.machine.whenThawed();
      await this.whenContinued();
      this.throwIfKilled();
      return done;
    } finally {
      forget?.();
    }
  }

  /** Real time: what scripts wait for, they wait for. @throws Killed */
  async sleep(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.during(
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, milliseconds);
        }),
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** Does something that takes that long on an ordinary host. @throws Killed */
  work(milliseconds: number): Promise<void> {
    return this.sleep(milliseconds * this.machine.world.timeScale);
  }

  throwIfKilled(): void {
    if (this.killedBy !== undefined) throw new Killed(this.killedBy);
  }

  /** It was sent SIGSTOP and does nothing: its ports are open, and nobody answers there. */
  get isStopped(): boolean {
    return this.#continued !== undefined;
  }

  /** Waits while it is stopped. */
  async whenContinued(): Promise<void> {
    if (this.#continued !== undefined) await new Promise<void>((resolve) => this.#continued?.push(resolve));
  }

  #continue(): void {
    const waiting = this.#continued;
    this.#continued = undefined;
    for (const tell of waiting ?? []) tell();
  }

  kill(signal: number): void {
    if (this.status !== undefined || this.isKilled || signal === 0) return;
    if (signal === signalNumbers.STOP) {
      this.#continued ??= [];
      return;
    }
    if (signal === signalNumbers.CONT) return this.#continue();
    if (signal !== signalNumbers.KILL && this.onSignal?.(signal) === true) return;
    this.killedBy = signal;
    this.#continue();
    for (const tell of Array.from(this.#onKill)) tell();
  }

  /** Itself and all below it. */
  killTree(signal: number): void {
    for (const child of this.children) child.killTree(signal);
    this.kill(signal);
  }

  end(status: number): void {
    if (this.status !== undefined) return;
    this.status = status;
    for (const description of this.descriptors.values()) description.release();
    this.descriptors.clear();
    this.children.clear();
    this.parent?.children.delete(this);
    this.machine.processes.remove(this);
    this.#ended.forEach((tell) => tell(status));
    this.#ended.length = 0;
  }

  readonly #ended: ((status: number) => void)[] = [];

  /** Its exit status, once it has ended. */
  whenEnded(): Promise<number> {
    if (this.status !== undefined) return Promise.resolve(this.status);
    return new Promise((resolve) => this.#ended.push(resolve));
  }
}

/** Runs a program in a process to its end, which is its status. Never throws for what the program does. */
export const runProgram = async (process: Process, program: Program, args: readonly string[]): Promise<number> => {
  let status: number;
  try {
    const answer = program(process, args);
    status = typeof answer === 'number' ? answer : await answer;
  } catch (error) {
    status = statusOfError(process, error);
  }
  if (process.killedBy !== undefined) status = 128 + process.killedBy;
  process.end(status);
  return status;
};

const statusOfError = (process: Process, error: unknown): number => {
  if (error instanceof Killed) return 128 + error.signal;
  if (error instanceof Error && error.name === 'FileError') {
    try {
      process.complain(`${process.argv[0] ?? ''}: ${error.message}\n`);
    } catch {
      // nobody listens
    }
    return 1;
  }
  process.machine.defect(error);
  return 70;
};
