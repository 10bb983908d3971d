import { QuorateError } from '../../model/failures/failure.js';
import { execute } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';

/** Steps that run a command in a unit, as they stand in the units' names (see unit-name.ts). */
const steps = ['init', 'join', 'reset', 'reset-lazily', 'undo-reset', 'undo-reset-lazily'];

// Without {12}, which mawk 1.3.4 of 2020 (Debian 12) does not know.
const namePattern = `^quorate-(${steps.join('|')})-${'[0-9a-f]'.repeat(12)}[.]service$`;

const unitOfOperation = new RegExp(namePattern);

/**
 * awk: which of the units that `systemctl list-units` prints (UNIT LOAD ACTIVE SUB DESCRIPTION) run a command of an
 * operation, by their names. One that has ended stays loaded as `active exited` or `failed failed`.
 */
const runningUnitsProgram = `$1 ~ /${namePattern}/ && $3 != "failed" && $3 != "inactive" && $4 != "exited" { print $1 }`;

/**
 * Shell commands that print a line `running-unit NAME` for each unit of an operation whose command runs now: one by its
 * name, and transient, as a unit with a file in /etc or /usr is somebody else's. Where systemd does not say, a line
 * `running-units-unread REASON`: a command that could not be looked for may well run.
 */
export const showRunningUnits = `if listed=$(systemctl list-units --plain --no-legend --no-pager 'quorate-*.service' 2>&1); then
  for listed in $(printf '%s\\n' "$listed" | awk '${runningUnitsProgram}'); do
    if fragment=$(systemctl show -p FragmentPath "$listed" 2>&1); then
      case $fragment in FragmentPath=/run/systemd/transient/*) printf 'running-unit %s\\n' "$listed" ;; esac
    else printf 'running-units-unread %s\\n' "$(printf '%s\\n' "$fragment" | head -n 1)"; fi
  done
else printf 'running-units-unread %s\\n' "$(printf '%s\\n' "$listed" | head -n 1)"; fi`;

const unitsUnread = (host: string, reason: string): QuorateError =>
  new QuorateError('CommandFailed', `looking for commands of operations on ${host}: systemd does not say what runs`, {
    host,
    remedy: `see why \`systemctl list-units\` fails on ${host}, mend it, then retry`,
    evidence: [reason],
  });

/**
 * Units of operations in the lines of `showRunningUnits`.
 * @param host its name, for the error.
 * @throws QuorateError CommandFailed when systemd did not say what runs
 */
export const parseRunningUnits = (text: string, host = 'the host'): string[] => {
  const unread = /^running-units-unread ?(.*)$/m.exec(text);
  if (unread !== null) throw unitsUnread(host, unread[1] ?? '');
  return [...text.matchAll(/^running-unit (\S+)$/gm)]
    .map(([, unit = '']) => unit)
    .filter((unit) => unitOfOperation.test(unit));
};

/**
 * Units of operations whose command runs on the host now, whichever operation started them.
 * @throws QuorateError Unreachable, CommandFailed when systemd does not say what runs
 */
export const readRunningUnits = async (host: Host): Promise<string[]> =>
  parseRunningUnits(await execute(host, 'looking for commands of operations', showRunningUnits), host.name);
