import { z } from 'zod';
import type { FailureType } from '../failures/failure.js';

/**
 * - fatal: the operation stops here, nothing was changed
 * - approval: it goes on when an operator approves this code
 * - warning: it goes on and says so
 */
export type Severity = 'fatal' | 'approval' | 'warning';

/** What the preflight found: what is wrong where, and the next command or setting that mends it. */
export interface Finding {
  readonly code: FailureType;
  readonly severity: Severity;
  readonly message: string;
  readonly remedy: string;
  /** What was seen, one line each. */
  readonly evidence: readonly string[];
  /**
   * With `approval`: what is approved, such as the cluster whose leftovers are deleted or the id of a member. An approval
   * of one subject is none of another.
   */
  readonly subject?: string;
}

/** What the approval of a reset is for: a structure of what would be destroyed, never the words in which it is shown. */
const ResetSubject = z.object({
  /** machine-id of the host. */
  reset: z.string(),
  /** Whose leftovers are deleted. */
  owner: z.string(),
  etcdData: z.boolean(),
  /** uid of a Ready Node that the host's kubelet stands behind. */
  node: z.string().optional(),
});
type ResetSubject = z.infer<typeof ResetSubject>;

/** Owner of what a reset of this run has left half done: it may tell no other owner any more. */
export const halfReset = 'half reset by this operation';

export const resetSubject = (subject: ResetSubject): string => JSON.stringify(subject);

const parseReset = (text: string): ResetSubject | undefined => {
  try {
    return ResetSubject.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/**
 * Whether an approval that was given covers what would be destroyed now: the same, or what is left of it once it was begun.
 */
export const covers = (approved: string, now: string): boolean => {
  if (approved === now) return true;
  const [given, asked] = [parseReset(approved), parseReset(now)];
  if (given === undefined || asked === undefined || given.reset !== asked.reset) return false;
  return (
    (asked.owner === given.owner || asked.owner === halfReset) &&
    (given.etcdData || !asked.etcdData) &&
    (asked.node === undefined || asked.node === given.node)
  );
};

const finding =
  (severity: Severity) =>
  (code: FailureType, message: string, remedy: string, evidence: readonly string[] = []): Finding => ({
    code,
    severity,
    message,
    remedy,
    evidence,
  });

export const fatal = finding('fatal');
export const warning = finding('warning');
export const approval = (
  subject: string,
  ...[code, message, remedy, evidence]: Parameters<ReturnType<typeof finding>>
): Finding => ({ ...finding('approval')(code, message, remedy, evidence), subject });
