/**
 * The first SIGINT, SIGTERM or SIGHUP asks for an orderly end; the second one ends the process at once.
 *
 * @returns a promise of the first signal's name.
 */
export const firstSignal = (onSecond: () => void = () => process.exit(1)): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    let seen = false;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (seen) onSecond();
        seen = true;
        resolve(name);
      });
    }
  });
