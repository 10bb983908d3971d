import type { Process } from './process.js';

const firstPid = 400;
const lastPid = 4_194_304;

/** The processes of one host. */
export class ProcessTable {
  readonly #processes = new Map<number, Process>();
  #next = firstPid;

  add(process: Process): number {
    do this.#next = this.#next >= lastPid ? firstPid : this.#next + 1;
    while (this.#processes.has(this.#next));
    this.#processes.set(this.#next, process);
    return this.#next;
  }

  remove(process: Process): void {
    this.#processes.delete(process.pid);
  }

  get(pid: number): Process | undefined {
    return this.#processes.get(pid);
  }

  all(): Process[] {
    return [...this.#processes.values()];
  }

  /** Those in a control group or below it. */
  inControlGroup(group: string): Process[] {
    return this.all().filter(
      ({ controlGroup }) => controlGroup === group || controlGroup.startsWith(`${group === '/' ? '' : group}/`),
    );
  }

  /** Numbering begins anew, as after a start of the host. */
  restart(): void {
    this.#next = firstPid;
  }
}
