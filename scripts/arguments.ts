import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What a script does with its arguments: runs with these values, or says something and ends. */
type Read<Given extends Options> =
  | { readonly values: ReturnType<typeof parseArgs<{ options: Given & { help: { type: 'boolean' } } }>>['values'] }
  | { readonly text: string; readonly exitCode: 0 | 2 };

/** Options named in `numbers` are given as text and have to be numbers of 0 or more. */
export const readOptions = <Given extends Options>(
  args: readonly string[],
  usage: string,
  options: Given,
  numbers: readonly (keyof Given & string)[] = [],
): Read<Given> => {
  try {
    const { values } = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean' } } });
    const given: Readonly<Record<string, unknown>> = values;
    if (given['help'] === true) return { text: usage, exitCode: 0 };
    for (const name of numbers) {
      const value = given[name];
      if (typeof value === 'string' && !/^\d+(\.\d+)?$/.test(value))
        throw new TypeError(`--${name} is a number, not "${value}"`);
    }
    return { values };
  } catch (error) {
    return { text: `${error instanceof Error ? error.message : String(error)}\n\n${usage}`, exitCode: 2 };
  }
};

/** The options of this process; for `--help`, or one that makes no sense, it ends here and says what there is. */
export const optionsOf = <Given extends Options>(
  usage: string,
  options: Given,
  numbers: readonly (keyof Given & string)[] = [],
): Extract<Read<Given>, { values: unknown }>['values'] => {
  const read = readOptions(process.argv.slice(2), usage, options, numbers);
  if ('values' in read) return read.values;
  (read.exitCode === 0 ? console.log : console.error)(read.text);
  return process.exit(read.exitCode);
};
