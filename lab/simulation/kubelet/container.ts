import { randomBytes } from 'node:crypto';
import { containerPrograms } from '../components/containers.js';
import { FileError } from '../files/file-error.js';
import { nothing, Sink } from '../system/description.js';
import type { Machine } from '../system/machine.js';
import { Process, runProgram } from '../system/process.js';
import { signalNumbers } from '../system/signals.js';

export interface PodSpec {
  readonly name: string;
  readonly namespace: string;
  /** Of the manifest's content: another one is another Pod. */
  readonly uid: string;
  readonly container: string;
  readonly command: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** Paths of files of the host by the path that the container sees them at. */
  readonly mounts: ReadonlyMap<string, string>;
}

/** A program that may ask for what its Pod was given. */
export type ContainerProgram = (process: Process, args: readonly string[], pod: PodSpec) => Promise<number> | number;

const firstBackoffMs = 2_000;
const longestBackoffMs = 60_000;
const createMs = 150;

/** The container of a static Pod: it is started again when it ends, later each time. */
export class Container {
  id = '';
  restarts = -1;
  process: Process | undefined;
  #over = false;
  #pending = false;
  #cancel: (() => void) | undefined;
  #backoffMs = firstBackoffMs;

  constructor(
    private readonly machine: Machine,
    readonly pod: PodSpec,
  ) {}

  /** It is about to be started. */
  get isPending(): boolean {
    return this.#pending;
  }

  get isRunning(): boolean {
    return this.process !== undefined && this.process.status === undefined;
  }

  get #logFolder(): string {
    const { namespace, name, uid, container } = this.pod;
    return `/var/log/pods/${namespace}_${name}_${uid}/${container}`;
  }

  start(): void {
    this.#cancel?.();
    this.#schedule(createMs);
  }

  #schedule(milliseconds: number): void {
    this.#pending = true;
    this.#cancel = this.machine.after(milliseconds, () => this.#run());
  }

  #run(): void {
    this.#pending = false;
    if (this.#over) return;
    const [program = '', ...args] = this.pod.command;
    const known = containerPrograms[program.replace(/^.*\//, '')];
    this.restarts += 1;
    this.id = randomBytes(32).toString('hex');
    const { files } = this.machine;
    const log = `${this.#logFolder}/${this.restarts}.log`;
    try {
      files.makeDirectories(this.#logFolder);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#scheduleLater();
      return;
    }
    const output = (stream: string): Sink =>
      new Sink((text) => {
        const now = new Date(this.machine.now()).toISOString();
        const lines = text.split('\n').filter((line) => line !== '');
        try {
          files.append(log, lines.map((line) => `${now} ${stream} F ${line}\n`).join(''));
        } catch {
          // A full disk takes no log
        }
      });
    const process = new Process({
      machine: this.machine,
      parent: this.machine.systemd.init,
      argv: this.pod.command,
      descriptors: new Map([
        [0, nothing()],
        [1, output('stdout')],
        [2, output('stderr')],
      ]),
      environment: this.pod.environment,
      directory: '/',
      uid: 0,
      umask: 0o022,
      controlGroup: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${this.pod.uid}.slice/cri-containerd-${this.id}.scope`,
    });
    this.process = process;
    const started = Date.now();
    void runProgram(process, (one, given) => known?.(one, given, this.pod) ?? 127, args).then(() => {
      // It is the kubelet that starts it again.
      if (this.#over || process !== this.process || this.machine.kubelet === undefined) return;
      if (Date.now() - started > 10 * longestBackoffMs * this.machine.world.timeScale) this.#backoffMs = firstBackoffMs;
      this.#scheduleLater();
    });
  }

  #scheduleLater(): void {
    this.#schedule(this.#backoffMs);
    this.#backoffMs = Math.min(longestBackoffMs, this.#backoffMs * 2);
  }

  /** Ends it for good. */
  stop(): void {
    this.#over = true;
    this.#cancel?.();
    this.process?.kill(signalNumbers.KILL);
  }
}
