import { execute } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';

/** What `systemctl` shows of a unit in which a command of an operation runs. */
export const unitDescription = ({ operation, run }: { operation: string; run: string }): string =>
  `quorate ${operation} ${run}`;

/**
 * Loaded units of an operation on the host, running or ended, of whichever run: by their description.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const unitsOf = async (host: Host, operation: string): Promise<string[]> => {
  // UNIT LOAD ACTIVE SUB DESCRIPTION
  const script = `listed=$(systemctl list-units --plain --no-legend --no-pager 'quorate-*.service') || exit 1
printf '%s\\n' "$listed" | awk -v operation=${quote(operation)} '$5 == "quorate" && $6 "" == operation { print $1 }'`;
  const text = await execute(host, 'looking for commands of the operation', script);
  return text.split('\n').filter((line) => line !== '');
};
