/** Edits between two words; swapping neighbours counts as one (optimal string alignment). */
const distance = (a: string, b: string): number => {
  const rows = Array.from({ length: a.length + 1 }, (_, row) =>
    Array.from({ length: b.length + 1 }, (_, column) => (row === 0 ? column : column === 0 ? row : 0)),
  );
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= a.length; row += 1) {
    for (let column = 1; column <= b.length; column += 1) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let best = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        best = Math.min(best, at(row - 2, column - 2) + 1);
      (rows[row] as number[])[column] = best;
    }
  }
  return at(a.length, b.length);
};

/** Comparing takes time: among more, only these many are looked at. */
const comparedAtMost = 1_000;

/** The word of `known` that was probably meant; undefined when none is near. */
export const suggest = (word: string, known: readonly string[]): string | undefined => {
  const lower = word.toLowerCase();
  const ranked = known
    .slice(0, comparedAtMost)
    .map((candidate) => ({ candidate, edits: distance(lower.slice(0, 64), candidate.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits);
  const nearest = ranked[0];
  if (
    nearest !== undefined &&
    nearest.edits <= Math.max(1, Math.floor(Math.min(word.length, nearest.candidate.length) / 3))
  )
    return nearest.candidate;
  return word.length < 4
    ? undefined
    : known.find((candidate) => candidate.toLowerCase().includes(lower) || lower.includes(candidate.toLowerCase()));
};
