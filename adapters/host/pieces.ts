import { QuorateError } from '../../model/failures/failure.js';

/** What a script printed as lines `<piece> <value>`, in the order it came. */
export interface Pieces {
  readonly all: readonly (readonly [piece: string, value: string])[];
  /** Values of a piece, in order. */
  values(piece: string): readonly string[];
  first(piece: string): string | undefined;
  /** @throws QuorateError CommandFailed when the piece is missing or empty. */
  required(piece: string): string;
  /** @throws QuorateError CommandFailed when the piece is missing or no number. */
  number(piece: string, from: RegExp): number;
}

const broken = (host: string, what: string, piece: string, saw: string | undefined): QuorateError =>
  new QuorateError(
    'CommandFailed',
    `${what} on ${host}: the piece "${piece}" ${saw === undefined ? 'is missing' : 'makes no sense'}`,
    {
      host,
      remedy: `see why ${host} answers so (a broken tool, a full disk, a login script that prints), mend it, then retry`,
      evidence: saw === undefined ? [] : [`${piece}: ${saw.slice(0, 200)}`],
    },
  );

/**
 * Splits the output of a script into its pieces.
 * @throws QuorateError CommandFailed when the last line is not `end`: the output was cut short.
 */
export const splitPieces = (host: string, what: string, stdout: string): Pieces => {
  const lines = stdout.split('\n');
  // Whole only with its newline: `ended` cut short may look like it.
  const end = lines.slice(0, -1).lastIndexOf('end');
  if (end === -1)
    throw new QuorateError('CommandFailed', `${what} on ${host}: the output was cut short`, {
      host,
      remedy: `see whether ${host} ran out of memory or processes, then retry`,
      evidence: [`last line: ${lines.findLast((line) => line !== '')?.slice(0, 200) ?? 'none'}`],
    });
  const all = lines.slice(0, end).map((line) => {
    const space = line.indexOf(' ');
    return space === -1 ? ([line, ''] as const) : ([line.slice(0, space), line.slice(space + 1)] as const);
  });
  const values = (piece: string): string[] => all.filter(([name]) => name === piece).map(([, value]) => value);
  const first = (piece: string): string | undefined => all.find(([name]) => name === piece)?.[1];
  return {
    all,
    values,
    first,
    required: (piece) => {
      const value = first(piece)?.trim();
      if (value === undefined || value === '') throw broken(host, what, piece, undefined);
      return value;
    },
    number: (piece, from) => {
      const value = first(piece);
      const digits = value === undefined ? undefined : from.exec(value)?.[1];
      if (digits === undefined) throw broken(host, what, piece, value);
      return Number(digits);
    },
  };
};
