/** Bits a second of a rate as `tc` has it, e.g. `1mbit`. @throws Error when it is none */
export const bitsPerSecond = (rate: string): number => {
  const [, number, unit = ''] = /^([\d.]+)(k|m|g)?bit$/.exec(rate) ?? [];
  if (number === undefined) throw new Error(`A rate is like 1mbit, not ${rate}`);
  return Number(number) * ({ k: 1e3, m: 1e6, g: 1e9 }[unit] ?? 1);
};
