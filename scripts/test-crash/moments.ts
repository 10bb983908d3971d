// Where in an operation something dies: what the runner and its worker process tell each other.

/** An activity of an operation: the n-th of its type, from 1. */
export interface ActivityName {
  readonly type: string;
  readonly occurrence: number;
}

/**
 * - start: before it has begun
 * - end: it has done its work, and its result is not reported yet
 * - command: before its n-th command to a host, from 1; the command is held until the worker may go on
 * - afterMs: that long after it began; nothing is held
 */
export type Moment =
  | { readonly at: 'start' }
  | { readonly at: 'end' }
  | { readonly at: 'command'; readonly number: number }
  | { readonly at: 'afterMs'; readonly ms: number };

export interface Gate {
  readonly activity: ActivityName;
  readonly moment: Moment;
}

export const activityLabel = ({ type, occurrence }: ActivityName): string =>
  occurrence === 1 ? type : `${type}#${occurrence}`;

export const momentLabel = (moment: Moment): string =>
  moment.at === 'command' ? `command ${moment.number}` : moment.at === 'afterMs' ? `${moment.ms} ms in` : moment.at;

/** What a worker process needs to run. */
export interface WorkerConfiguration {
  /** host:port of the Temporal server. */
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Path of the workflows' bundle. */
  readonly codePath: string;
  readonly sshConfigFile: string;
}

export type ToWorker =
  | { readonly kind: 'run'; readonly configuration: WorkerConfiguration }
  /** Another operation begins: activities are counted from one again. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'arm'; readonly gates: readonly Gate[] }
  /** Lets go on what waits at a gate. */
  | { readonly kind: 'go' };

export type FromWorker =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'running' }
  | { readonly kind: 'reached'; readonly gate: Gate }
  | { readonly kind: 'began'; readonly activity: ActivityName }
  | { readonly kind: 'command'; readonly activity: ActivityName; readonly host: string }
  /** It succeeded. */
  | { readonly kind: 'ended'; readonly activity: ActivityName; readonly ms: number };
