import type { FailureType } from '../failure.js';

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

/** What a half-done reset leaves tells no owner any more: an approval that was given covers it. */
export const unknownSubject = 'unknown';

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
