const dayMs = 86_400_000;

/**
 * So many of a list, others each day, so that all come round; without a number all of them.
 * @param wanted such as `18`, of an environment variable
 * @throws Error when it is no number above 0: nobody should believe that something was tried
 */
export const chosenOf = <Item>(all: readonly Item[], wanted: string | undefined, today: Date): readonly Item[] => {
  if (wanted === undefined || wanted === '') return all;
  const count = Number(wanted);
  if (!Number.isInteger(count) || count < 1) throw new Error(`not a number above 0: ${wanted}`);
  const from = (Math.floor(today.getTime() / dayMs) * count) % all.length;
  return [...all, ...all].slice(from, from + Math.min(count, all.length));
};
