import { OperatorError } from './failures/operator-error.js';

/** Of a file, as `stat` tells it. */
export interface FileAccess {
  readonly mode: number;
  readonly uid: number;
}

const isRegular = (mode: number): boolean => (mode & 0o170000) === 0o100000;

/** What nobody but the owner may do, and where somebody else has given the file to a group of ours, but that group. */
const forbidden = ({ uid }: FileAccess, own: number | undefined): number => (uid === own ? 0o077 : 0o027);

/**
 * The refusal of a file that holds a secret and that others may read or write; undefined for one that they may not, and for
 * what is no file, such as a pipe. A file of somebody else, root mostly, may be readable for its group: by that it is read.
 *
 * @param what it holds, such as `the tokens`
 * @param own the user of this process; undefined where there are no users
 * @param bits of the mode that are refused; default by the owner
 */
export const openToOthers = (
  file: string,
  what: string,
  access: FileAccess,
  own: number | undefined,
  bits = forbidden(access, own),
): OperatorError | undefined => {
  const { mode } = access;
  if (own === undefined || !isRegular(mode) || (mode & bits) === 0) return undefined;
  const isOurs = access.uid === own || (bits & 0o070) === 0o070;
  return new OperatorError('bad-usage', `${file} holds ${what} and may be read or written by others.`, {
    evidence: [`its mode is ${(mode & 0o777).toString(8).padStart(4, '0')}`],
    remedy: `Run \`chmod ${isOurs ? '600' : '640'} ${file}\`.`,
  });
};
