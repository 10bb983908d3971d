import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FromWorker, Gate, ToWorker, WorkerConfiguration } from './moments.js';

/** The compiled program, also when this runs from its source. */
const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/scripts/test-crash/worker.js' : './worker.js', import.meta.url),
);

interface Spare {
  readonly child: ChildProcess;
  readonly loaded: Promise<unknown>;
}

/** A worker process that is replaced when it dies; the next one has loaded its program by then. */
export class WorkerProcess {
  #child: ChildProcess | undefined;
  #spare: Spare | undefined;
  #closed = false;
  readonly #told = new EventEmitter();

  /** @param logFile of all of them */
  constructor(
    private readonly configuration: WorkerConfiguration,
    private readonly logFile: string,
  ) {
    this.#spare = this.#load();
  }

  #load(): Spare {
    const log = openSync(this.logFile, 'a');
    const child = fork(program, { stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    child.on('message', (message: FromWorker) => {
      if (child === this.#child) this.#told.emit('message', message);
    });
    return { child, loaded: once(child, 'message') };
  }

  #send(message: ToWorker): void {
    this.#child?.send(message, () => undefined);
  }

  /** Starts the one that is ready, and loads another. */
  async start(): Promise<void> {
    const { child, loaded } = this.#spare ?? this.#load();
    this.#spare = undefined;
    await loaded;
    if (this.#closed) {
      child.kill('SIGKILL');
      return;
    }
    this.#child = child;
    const running = this.next(({ kind }) => kind === 'running');
    this.#send({ kind: 'run', configuration: this.configuration });
    await running;
    this.#spare = this.#load();
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  begin(): void {
    this.#send({ kind: 'begin' });
  }

  arm(gates: readonly Gate[]): void {
    this.#send({ kind: 'arm', gates });
  }

  go(): void {
    this.#send({ kind: 'go' });
  }

  onMessage(tell: (message: FromWorker) => void): () => void {
    this.#told.on('message', tell);
    return () => this.#told.off('message', tell);
  }

  /** The next message of a kind. */
  next(matches: (message: FromWorker) => boolean): Promise<FromWorker> {
    return new Promise((resolve) => {
      const stop = this.onMessage((message) => {
        if (!matches(message)) return;
        stop();
        resolve(message);
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.kill();
    this.#spare?.child.kill('SIGKILL');
  }
}
