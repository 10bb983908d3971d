/** The value below which `share` of all values lie (0 to 1), by the nearest rank. */
export const percentile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
};

export interface Figure {
  readonly what: string;
  readonly measured: string;
  /** What must be kept; a figure without one is only told. */
  readonly target?: { readonly text: string; readonly met: boolean };
}

export const figuresTable = (figures: readonly Figure[]): string =>
  [
    '| what | measured | target | |',
    '| --- | --- | --- | --- |',
    ...figures.map(
      ({ what, measured, target }) =>
        `| ${what} | ${measured} | ${target?.text ?? ''} | ${target === undefined ? '' : target.met ? 'met' : 'MISSED'} |`,
    ),
  ].join('\n');
