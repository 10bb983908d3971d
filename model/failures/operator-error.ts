/** The command line derives its exit code from it. */
export type OperatorErrorKind =
  | 'bad-usage'
  /** The idempotency key is that of another request. */
  | 'key-reused'
  | 'temporal-unreachable'
  | 'not-found'
  | 'ambiguous'
  | 'refused'
  | 'failed';

/**
 * Something that the user of the command line or the API has to fix, outside of any operation: a port in use, a server
 * that does not answer, an operation that does not exist.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly kind: OperatorErrorKind;
  /** The next command or setting that mends it. */
  readonly remedy: string;
  /** What was seen, one line each. */
  readonly evidence: readonly string[];
  constructor(
    kind: OperatorErrorKind,
    message: string,
    details: { remedy: string; evidence?: readonly string[]; cause?: unknown },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.remedy = details.remedy;
    this.evidence = (details.evidence ?? []).slice(0, 20);
  }
}

/** The text of anything that was thrown. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
