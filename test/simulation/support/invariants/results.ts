// No result of another run is taken (invariant 11): what a run says kubeadm did, kubeadm did in that run.
import type { OperationProgress } from '../../../../model/progress.js';
import type { KubeadmRun } from './hands.js';
import type { Violations } from './violations.js';

/** What a run of an operation told of itself. */
export interface ReportedRun extends Pick<OperationProgress, 'steps' | 'decisions'> {
  /** Milliseconds since the epoch. */
  readonly began: number;
  readonly closed: number;
}

type Step = ReportedRun['steps'][number];

/** What a step says kubeadm has done; undefined when it says nothing of it. */
const claimOf = ({ id, state, note = '' }: Step): KubeadmRun['command'] | undefined => {
  if (/(^|; )kubeadm reset succeeded/.test(note)) return 'reset';
  return (id === 'init' || id === 'join') && state === 'done' && note.startsWith('kubeadm succeeded') ? id : undefined;
};

/** Clocks of the server and of the hosts are one, but not to the millisecond. */
const slackMs = 20;

/** How a step tells that it cannot see what its command does: a retry finds that command again, ended or not. */
const lostSight = /no SSH connection|connection was lost|no answer|did not end in time/;

/** Why a step was blocked when that was decided, in its own words; empty when nobody has heard it. */
const blockedBefore = ({ steps }: ReportedRun, { id }: Step, at: string): string =>
  steps
    .filter((step) => step.id === id && step.state === 'blocked' && (step.since ?? '') <= at)
    .toSorted((a, b) => ((a.since ?? '') < (b.since ?? '') ? -1 : 1))
    .at(-1)?.note ?? '';

/**
 * The decision after which the command that a step tells of was begun at the earliest, milliseconds since the epoch; 0 when
 * there was none.
 */
const decidedBefore = (run: ReportedRun, step: Step): number =>
  Math.max(
    0,
    ...run.decisions.flatMap(({ at }) =>
      at <= (step.since ?? '') && !lostSight.test(blockedBefore(run, step, at)) ? Date.parse(at) : [],
    ),
  );

export const checkResults = (
  operations: readonly { readonly operation: string; readonly host: string; readonly run?: ReportedRun | undefined }[],
  runs: readonly KubeadmRun[],
  violations: Violations,
): void => {
  for (const { operation, host, run } of operations) {
    for (const step of run?.steps ?? []) {
      const command = claimOf(step);
      if (run === undefined || command === undefined) continue;
      // An undo that somebody has told to try again has done then what it says, or was at it.
      const from = step.state === 'undone' ? decidedBefore(run, step) : 0;
      const ran = runs.some(
        (one) =>
          one.host === host &&
          one.command === command &&
          (one.endedAt ?? Infinity) >= from - slackMs &&
          one.at >= run.began - slackMs &&
          one.at <= run.closed + slackMs,
      );
      if (!ran)
        violations.add(
          11,
          `${operation} says of ${step.id} "${step.note}", and no kubeadm ${command} ran on ${host} in that run`,
        );
    }
  }
};
