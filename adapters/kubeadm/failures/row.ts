import type { FailureType } from '../../../model/failures/failure.js';
import { isCheck } from '../output/preflight.js';
import type { PreflightLine } from '../output/preflight.js';

/** kubeadm's output, taken apart for the table. */
export interface FailedOutput {
  readonly host: string;
  /** The endpoint that the configuration named, host:port. */
  readonly endpoint: string;
  /** Without warnings and without failed image pulls, whose texts (x509, refused) are about the registry. */
  readonly text: string;
  /** `text`, also where that is cut to the error at its end. */
  readonly log: string;
  readonly errors: readonly PreflightLine[];
  /** Phase that failed, as kubeadm names it. */
  readonly phase: string | undefined;
  /** Last line that kubeadm printed about its own doing. */
  readonly lastStep: string;
}

export interface FailureRow {
  /** Number of the failure in the matrix of the design, where one row is one failure. */
  readonly number?: `F${number}`;
  readonly when: (output: FailedOutput) => boolean;
  readonly type: FailureType;
  readonly message: (output: FailedOutput) => string;
  readonly remedy: (output: FailedOutput) => string;
}

type Words = string | ((output: FailedOutput) => string);
const words = (of: Words) => (typeof of === 'string' ? () => of : of);

export const says = (...texts: readonly (string | RegExp)[]) => {
  return ({ text }: FailedOutput): boolean =>
    texts.some((one) => (typeof one === 'string' ? text.includes(one) : one.test(text)));
};

export const failedCheck = (...checks: readonly string[]) => {
  return ({ errors }: FailedOutput): boolean => errors.some((error) => checks.some((check) => isCheck(error, check)));
};

export const row = (
  number: `F${number}` | undefined,
  when: FailureRow['when'],
  type: FailureType,
  message: Words,
  remedy: Words,
): FailureRow => ({
  ...(number === undefined ? {} : { number }),
  when,
  type,
  message: words(message),
  remedy: words(remedy),
});

export const messagesOf = ({ errors }: FailedOutput, ...checks: readonly string[]): string =>
  errors
    .filter((error) => checks.some((check) => isCheck(error, check)))
    .map(({ message }) => message)
    .join('; ');
