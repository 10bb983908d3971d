import type { Program } from '../../system/process.js';
import { parseOptions, readInputs } from '../../text/input.js';

/**
 * `nft`: tables are kept as `nft list ruleset` prints them. Of what `-f` reads, whole tables and the deletion of
 * tables, chains and rules are understood.
 */
export const nft: Program = async (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'f');
  const { packetFilter } = process.machine;
  if (operands[0] === 'list') {
    const handles = flags.has('a');
    for (const text of packetFilter.values()) process.print(handles ? text : text.replaceAll(/ # handle \d+/g, ''));
    return 0;
  }
  if (operands[0] === 'flush') {
    packetFilter.clear();
    return 0;
  }
  const file = values.get('f');
  const [input] = file === undefined ? [{ text: operands.join(' ') }] : await readInputs(process, [file]);
  const text = input?.text ?? '';
  for (const [table = '', name = ''] of text.matchAll(/^table (\S+ \S+) \{[\s\S]*?^\}\n?/gm))
    packetFilter.set(name, table.endsWith('\n') ? table : `${table}\n`);
  for (const [, table = ''] of text.matchAll(/^delete table (\S+ \S+)/gm)) {
    if (packetFilter.delete(table)) continue;
    process.complain(`Error: Could not process rule: No such file or directory\ndelete table ${table}\n`);
    return 1;
  }
  const change = (table: string, edit: (ruleset: string) => string): void => {
    const now = packetFilter.get(table);
    if (now !== undefined) packetFilter.set(table, edit(now));
  };
  for (const [, table = '', handle = ''] of text.matchAll(/^delete rule (\S+ \S+) \S+ handle (\d+)/gm))
    change(table, (now) =>
      now
        .split('\n')
        .filter((line) => !line.endsWith(`# handle ${handle}`))
        .join('\n'),
    );
  for (const [, table = '', chain = ''] of text.matchAll(/^delete chain (\S+ \S+) (\S+)/gm))
    change(table, (now) => now.replace(new RegExp(`^\\tchain ${chain} \\{[\\s\\S]*?^\\t\\}\\n+`, 'm'), ''));
  return 0;
};
