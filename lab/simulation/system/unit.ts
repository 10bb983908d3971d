import { randomBytes } from 'node:crypto';
import { FileError } from '../files/file-error.js';
import { openFile } from '../shell/redirect.js';
import { programAt, spawn } from '../shell/external.js';
import { nothing, Sink } from './description.js';
import type { Description } from './description.js';
import type { Machine } from './machine.js';
import { Process, runProgram } from './process.js';
import { signalName, signalNumbers } from './signals.js';
import { splitWords } from './unit-file.js';
import type { UnitDefinition } from './unit-file.js';

export type ActiveState = 'inactive' | 'activating' | 'active' | 'reloading' | 'deactivating' | 'failed';

/** Signals that end a service well, as far as systemd is concerned. */
const cleanSignals = new Set<number>([signalNumbers.HUP, signalNumbers.INT, signalNumbers.TERM, signalNumbers.PIPE]);

const environment = new Map([
  ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin'],
  ['LANG', 'C.UTF-8'],
]);

/** `$NAME` as a word of its own becomes the words in it, elsewhere its value. */
const expand = (word: string, variables: ReadonlyMap<string, string>): string[] => {
  const whole = /^\$(\w+)$/.exec(word)?.[1];
  if (whole !== undefined) return splitWords(variables.get(whole) ?? '');
  return [word.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => variables.get(name) ?? '')];
};

/** A service as systemd runs it. */
export class Unit {
  active: ActiveState = 'inactive';
  sub = 'dead';
  result = 'success';
  /** CLD_EXITED 1, CLD_KILLED 2; 0 while it runs. */
  mainCode = 0;
  mainStatus = 0;
  invocationId = '';
  restarts = 0;
  main: Process | undefined;
  #timers: (() => void)[] = [];
  #stopping = false;
  #waiters: (() => void)[] = [];

  constructor(
    readonly machine: Machine,
    readonly name: string,
    public definition: UnitDefinition,
  ) {}

  get controlGroup(): string {
    return `/system.slice/${this.name}`;
  }

  get isRunning(): boolean {
    return this.main !== undefined && this.main.status === undefined;
  }

  say(text: string): void {
    this.machine.journal.add(this.name, 'systemd', 1, text);
  }

  #set(active: ActiveState, sub: string): void {
    this.active = active;
    this.sub = sub;
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const tell of waiting) tell();
  }

  whenChanged(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #variables(): Map<string, string> {
    const { environment: given, environmentFiles } = this.definition;
    const lines = environmentFiles.flatMap((path) => (this.machine.files.readIfThere(path) ?? '').split('\n'));
    const read = lines.flatMap((line) => {
      const [, name, value = ''] = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value.replaceAll(/^"|"$/g, '')] as const];
    });
    return new Map([...given, ...read]);
  }

  #output(): Description {
    const { outputFile } = this.definition;
    const root = this.machine.systemd.init;
    if (outputFile !== undefined) return openFile(root, outputFile, 'append');
    let partial = '';
    const pid = (): number => this.main?.pid ?? 0;
    const identifier = (this.definition.argv[0] ?? '').replace(/^.*\//, '');
    return new Sink(
      (text) => {
        const lines = (partial + text).split('\n');
        partial = lines.pop() ?? '';
        this.machine.journal.add(this.name, identifier, pid(), lines.join('\n'));
      },
      () => this.machine.journal.add(this.name, identifier, pid(), partial),
    );
  }

  /** Starts it; what it does is asked of its state. */
  async start(): Promise<void> {
    if (this.active === 'active' || this.active === 'activating') return;
    this.restarts = 0;
    await this.#run();
  }

  async #run(): Promise<void> {
    this.#clearTimers();
    this.#stopping = false;
    this.result = 'success';
    this.mainCode = 0;
    this.mainStatus = 0;
    this.invocationId = randomBytes(16).toString('hex');
    this.#set('activating', 'start');
    for (const argv of this.definition.execStartPre) {
      if ((await this.#control(argv)) !== 0) return this.#ended({ code: 1, status: 1 }, 'exit-code');
    }
    let process: Process;
    let run: () => Promise<number>;
    try {
      const variables = this.#variables();
      const [path = '', ...words] = this.definition.argv;
      const args = words.flatMap((word) => expand(word, variables));
      const output = this.#output();
      process = new Process({
        machine: this.machine,
        parent: this.machine.systemd.init,
        argv: this.definition.argv,
        descriptors: new Map([
          [0, nothing()],
          [1, output],
          [2, output.retain()],
        ]),
        environment: new Map([...environment, ...variables, ['INVOCATION_ID', this.invocationId]]),
        directory: this.definition.workingDirectory,
        uid: 0,
        umask: 0o022,
        controlGroup: this.controlGroup,
      });
      const { program, args: more } = programAt(process, path);
      run = () => runProgram(process, program, [...more, ...args]);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.say(`${this.name}: Failed at step EXEC spawning ${this.definition.argv[0]}: ${error.words}`);
      return this.#ended({ code: 1, status: 203 }, 'exit-code');
    }
    this.main = process;
    if (this.definition.type !== 'oneshot') this.#set('active', 'running');
    this.say(`Started ${this.name}${this.definition.description === '' ? '' : ` - ${this.definition.description}`}.`);
    const { runtimeMaxSec } = this.definition;
    if (runtimeMaxSec !== undefined) {
      const timer = setTimeout(() => this.#timeOut(process), Math.min(runtimeMaxSec * 1000, 2 ** 31 - 1));
      timer.unref();
      this.#timers.push(() => clearTimeout(timer));
    }
    void run().then((status) => this.#mainEnded(process, status));
  }

  /** Runs a command of the unit besides its main one. */
  async #control(argv: readonly string[]): Promise<number> {
    const variables = new Map([...this.#variables(), ['MAINPID', String(this.main?.pid ?? '')]]);
    const [path = '', ...args] = argv.flatMap((word) => expand(word, variables));
    const output = this.#output();
    const process = spawn({
      parent: this.machine.systemd.init,
      argv: [path, ...args],
      environment: new Map([...environment, ...variables]),
      controlGroup: this.controlGroup,
    });
    for (const number of [1, 2]) {
      process.descriptors.get(number)?.release();
      process.descriptors.set(number, output.retain());
    }
    output.release();
    const { program, args: more } = programAt(process, path);
    return runProgram(process, program, [...more, ...args]);
  }

  #timeOut(process: Process): void {
    if (this.main !== process || !this.isRunning) return;
    this.say(`${this.name}: Service reached runtime time limit. Stopping.`);
    this.result = 'timeout';
    void this.#end();
  }

  #mainEnded(process: Process, status: number): void {
    if (this.main !== process) return;
    const signal = process.killedBy;
    const how = signal === undefined ? { code: 1, status } : { code: 2, status: signal };
    const clean = signal === undefined ? status === 0 : cleanSignals.has(signal);
    const result =
      this.result === 'timeout' ? 'timeout' : clean ? 'success' : signal === undefined ? 'exit-code' : 'signal';
    if (!clean)
      this.say(
        `${this.name}: Main process exited, code=${signal === undefined ? 'exited' : 'killed'}, status=${signal === undefined ? `${status}/FAILURE` : `${signal}/${signalName(signal)}`}`,
      );
    this.#ended(how, result);
  }

  #ended(how: { readonly code: number; readonly status: number }, result: string): void {
    this.#clearTimers();
    this.mainCode = how.code;
    this.mainStatus = how.status;
    this.result = result;
    const { restart, restartSec, remainAfterExit, transient } = this.definition;
    const restarts = restart === 'always' || (restart === 'on-failure' && result !== 'success');
    if (restarts && !this.#stopping) {
      if (result !== 'success') this.say(`${this.name}: Failed with result '${result}'.`);
      this.#set('activating', 'auto-restart');
      this.#timers.push(
        this.machine.after(restartSec * 1000, () => {
          this.restarts += 1;
          this.say(`${this.name}: Scheduled restart job, restart counter is at ${this.restarts}.`);
          void this.#run();
        }),
      );
      return;
    }
    // A service that was stopped is inactive; one that ended by itself may be kept, with how it ended.
    if (result === 'success') {
      if (remainAfterExit && !this.#stopping) this.#set('active', 'exited');
      else {
        this.#set('inactive', 'dead');
        if (transient) this.machine.systemd.unload(this);
      }
    } else {
      this.say(`${this.name}: Failed with result '${result}'.`);
      this.#set('failed', 'failed');
    }
  }

  #clearTimers(): void {
    for (const clear of this.#timers) clear();
    this.#timers = [];
  }

  /** Ends all its processes: asks, and kills what is left when the time is up. */
  async #end(): Promise<void> {
    const { processes } = this.machine;
    const all = (): Process[] => processes.inControlGroup(this.controlGroup);
    for (const process of all()) process.kill(signalNumbers.TERM);
    const kill = this.machine.after(this.definition.timeoutStopSec * 1000, () => {
      for (const process of all()) process.kill(signalNumbers.KILL);
    });
    await Promise.all(all().map((process) => process.whenEnded()));
    kill();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (!this.isRunning) {
      this.#clearTimers();
      await this.#end();
      if (this.active !== 'failed' || !this.definition.transient) {
        this.#set(this.active === 'failed' ? 'failed' : 'inactive', this.active === 'failed' ? 'failed' : 'dead');
        if (this.active === 'inactive' && this.definition.transient) this.machine.systemd.unload(this);
      }
      return;
    }
    this.say(`Stopping ${this.name}...`);
    this.#set('deactivating', 'stop-sigterm');
    await this.#end();
    this.say(`Stopped ${this.name}.`);
  }

  /** @returns false when it does not run or cannot be reloaded */
  async reload(): Promise<boolean> {
    const { execReload } = this.definition;
    if (!this.isRunning || execReload.length === 0) return false;
    for (const argv of execReload) if ((await this.#control(argv)) !== 0) return false;
    return true;
  }

  resetFailed(): void {
    this.restarts = 0;
    if (this.active !== 'failed') return;
    this.result = 'success';
    this.#set('inactive', 'dead');
    if (this.definition.transient) this.machine.systemd.unload(this);
  }

  /** The host is off: nothing of it happens any more. */
  forget(): void {
    this.#clearTimers();
    this.main = undefined;
  }
}
