import { execute } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';

/** Units of ours by their names (see unit-name.ts). */
const listUnits = "systemctl list-units --plain --no-legend --no-pager 'quorate-*.service' 2>/dev/null";

/**
 * awk: which of the units that `systemctl list-units` prints (UNIT LOAD ACTIVE SUB DESCRIPTION) run a command. One that
 * has ended stays loaded as `active exited` or `failed failed`.
 */
const runningUnitsProgram = `
$1 ~ /^quorate-/ && $3 != "failed" && $3 != "inactive" && $4 != "exited" { print "running-unit " $1 }`;

/** Shell command that prints a line `running-unit NAME` for each unit of ours whose command runs now. */
export const showRunningUnits = `${listUnits} | awk '${runningUnitsProgram}'`;

export const parseRunningUnits = (text: string): string[] =>
  [...text.matchAll(/^running-unit (\S+)$/gm)].map(([, unit = '']) => unit);

/**
 * Units of operations whose command runs on the host now, whichever operation started them.
 * @throws QuorateError Unreachable
 */
export const readRunningUnits = async (host: Host): Promise<string[]> =>
  parseRunningUnits(await execute(host, 'looking for commands of operations', showRunningUnits));
