// When the evidence of a failure came, and when Quorate said what it is: for the table of the matrix.
import type { Verdict } from '../../scripts/failures/results.js';
import type { Activities } from '../../activities/contract.js';
import type { OperationProgress } from '../../model/progress.js';
import { recordNotes, recordVerdict } from './verdicts.js';

const moments = new Map<Verdict['since'], number>();

type Said = Pick<Verdict, 'type' | 'message' | 'remedy'>;

/** What was made of the last kubeadm that failed, as long as the operation has not said what it makes of that itself. */
let kubeadmFailed: { readonly said: Said; readonly at: number } | undefined;

/** There is something from which the failure can be told; a beginning makes what was before it forgotten. */
export const evidenceExists = (since: Verdict['since']): void => {
  if (since === 'start') {
    moments.clear();
    kubeadmFailed = undefined;
  }
  moments.set(since, Date.now());
};

const record = (of: Said, at: number): void => {
  const [since, moment] = [...moments].reduce((last, one) => (one[1] >= last[1] ? one : last), ['start', 0] as const);
  const { type, message, remedy } = of;
  recordVerdict({ type, message, remedy, since, seconds: Math.max(0, at - moment) / 1000 });
};

/** Sees what is made of a kubeadm that failed, for an operation that gets over it by itself. */
export const recordingActivities = (activities: Activities): Activities => ({
  ...activities,
  runKubeadm: async (context, checked) => {
    const outcome = await activities.runKubeadm(context, checked);
    if (outcome.failure !== undefined) kubeadmFailed = { said: outcome.failure, at: Date.now() };
    return outcome;
  },
});

/** How old a lease is, say, is another number each time. */
const withoutNumbers = (message: string): string => message.replaceAll(/\d+/g, '#');

/** Takes what an operation says of itself again and again: a failure counts from the first time that it is told. */
export const watchProgress = (): ((progress: OperationProgress) => void) => {
  const told = new Map<string, number>();
  return ({ steps, blocked, outcome }) => {
    const now = Date.now();
    for (const { state, note } of steps) {
      if ((state !== 'failed' && state !== 'blocked') || note === undefined) continue;
      const key = withoutNumbers(note.replace(/; tried once more from .*$/, ''));
      if (!told.has(key)) told.set(key, now);
    }
    if (blocked !== undefined) {
      record(blocked, told.get(withoutNumbers(blocked.message)) ?? now);
      kubeadmFailed = undefined;
    }
    if (outcome !== 'finished') return;
    if (kubeadmFailed !== undefined) record(kubeadmFailed.said, kubeadmFailed.at);
    recordNotes(Object.fromEntries(steps.flatMap(({ id, note }) => (note === undefined ? [] : [[id, note]]))));
  };
};

/** Records an operation that ended before any change. */
export const recordRefusal = (type: string | undefined, message: string, details: unknown): void => {
  const { remedy } = (details ?? {}) as { remedy?: string };
  if (type !== undefined && remedy !== undefined) record({ type, message, remedy }, Date.now());
};
