import type { FailureType } from '../failures/failure.js';

/** How a command in a unit ended, as far as the host can tell; the world decides what it means. */
export interface UnitOutcome {
  readonly unit: string;
  readonly state: 'succeeded' | 'failed' | 'killed' | 'timed-out' | 'interrupted';
  readonly exitStatus?: number;
  /** Title of the last kubeadm phase seen. */
  readonly phase?: string;
  /** Why it failed, from its own output; absent when it succeeded. */
  readonly failure?: {
    readonly type: FailureType;
    readonly message: string;
    readonly remedy: string;
    readonly evidence: readonly string[];
  };
  /** Path of the log on the host. */
  readonly logFile: string;
}
