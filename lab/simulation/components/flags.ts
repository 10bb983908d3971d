/** Values of `--name=value` flags. */
export const parseFlags = (args: readonly string[]): ReadonlyMap<string, string> =>
  new Map(
    args.flatMap((arg) => {
      const [, name, value] = /^--([^=]+)(?:=([\s\S]*))?$/.exec(arg) ?? [];
      return name === undefined ? [] : [[name, value ?? 'true'] as const];
    }),
  );
