/** Signals by their number, as far as something on a host sends or traps them. */
export const signalNumbers = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABRT: 6,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  CONT: 18,
  STOP: 19,
} as const;

/** Number of a signal written as `TERM`, `SIGTERM` or `15`; undefined for what is none. */
export const signalNumber = (name: string): number | undefined => {
  if (/^\d+$/.test(name)) return Number(name);
  return Object.entries(signalNumbers).find(([known]) => known === name.toUpperCase().replace(/^SIG/, ''))?.[1];
};

export const signalName = (number: number): string =>
  Object.entries(signalNumbers).find(([, known]) => known === number)?.[0] ?? String(number);
