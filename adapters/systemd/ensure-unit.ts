import { QuorateError } from '../../model/failures/failure.js';
import { changedSinceCheck, guardScript } from '../host/identity-script.js';
import type { Guard } from '../host/identity-script.js';
import { writeMarkerScript } from '../host/marker.js';
import { newMark, parseSections } from '../script/sections.js';
import { execute } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { parseRunningUnits, showRunningUnits } from './running-units.js';
import { unitLogFile } from './unit-name.js';
import { parseUnitReading, showUnit } from './unit-reading.js';
import type { UnitReading } from './unit-reading.js';

export interface UnitCommand {
  /** From `unitName`. */
  readonly unit: string;
  /** Program and arguments; no secrets (they are seen in `ps` and the journal) and no `$` (systemd-run would expand it). */
  readonly argv: readonly string[];
  /** Added to `LC_ALL=C`. No secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds after which systemd ends it; default 2700. */
  readonly runtimeMaxSec?: number;
  /** Default `/var/log/quorate/<unit>.log`. Appended to, mode 0600. */
  readonly logFile?: string;
  /** What `systemctl` shows of it; `unitsOf` finds the units of an operation by it. */
  readonly description?: string;
  /**
   * Compared on the host right before the command is started, in the same script; and then the host is marked with this
   * text (`renderMarker`), so that no other operation takes it for what it was. Absent for a command that changes nothing
   * that lives.
   */
  readonly claim?: { readonly guard: Guard; readonly marker: string };
}

export interface EnsuredUnit extends UnitReading {
  /** `already-there`: an earlier attempt started it; it may have ended since. */
  readonly outcome: 'started' | 'already-there';
  /** Where this run's output begins in the log file, in bytes; 0 when the unit was already there. */
  readonly logStart: number;
}

const startCommand = (command: UnitCommand, logFile: string): string => {
  const env = { LC_ALL: 'C', ...command.env };
  const properties = [
    'Type=exec',
    'RemainAfterExit=yes',
    'KillMode=control-group',
    'TimeoutStopSec=30',
    `RuntimeMaxSec=${command.runtimeMaxSec ?? 2700}`,
    `StandardOutput=append:${logFile}`,
    'StandardError=inherit',
  ];
  return [
    'systemd-run --quiet --no-block',
    quote(`--unit=${command.unit}`),
    ...(command.description === undefined ? [] : [quote(`--description=${command.description}`)]),
    ...properties.map((property) => quote(`--property=${property}`)),
    ...Object.entries(env).map(([name, value]) => quote(`--setenv=${name}=${value}`)),
    '--',
    ...command.argv.map(quote),
  ].join(' ');
};

const refuseDollar = (command: UnitCommand): void => {
  const bad = [...command.argv, ...Object.values(command.env ?? {})].find((word) => word.includes('$'));
  if (bad !== undefined) throw new TypeError(`systemd-run would expand the dollar sign in: ${bad}`);
  if (command.argv.length === 0) throw new TypeError('no command');
};

const stillRuns = (host: Host, other: string): QuorateError =>
  new QuorateError('HostNotClean', `${other}, a command of another operation, still runs on ${host.name}`, {
    host: host.name,
    remedy: `wait for its end, or end it with \`systemctl stop ${other}\` on ${host.name}; then retry`,
    evidence: [`log on ${host.name}: ${unitLogFile(other)}`],
  });

/** A unit that is loaded already was claimed for when it was started; its command has changed the host since. */
const claimScript = (
  mark: string,
  { unit }: UnitCommand,
  { guard, marker }: NonNullable<UnitCommand['claim']>,
): string =>
  `exec 9> /run/quorate.lock
flock -w 30 9 || { echo 'another command of Quorate has held /run/quorate.lock for 30 s' >&2; exit 1; }
if [ -z "$others" ] && [ "$(systemctl show ${quote(unit)} -p LoadState --value)" != loaded ]; then
${guardScript(mark, guard)}
${writeMarkerScript(marker)}
fi`;

/**
 * Starts a command in a transient unit of its own, or finds the unit that an earlier attempt started.
 * systemd refuses a second unit of the same name while the first is loaded, running or ended: that is the mutual exclusion.
 * Beside the running command of another unit of ours nothing is started: two kubeadm would undo each other's work.
 * With `claim` it is started only on the host that was checked, under a lock, and the host is marked with it (invariant 11).
 * Returns as soon as the unit is queued; one command on the host.
 * @throws QuorateError Unreachable (the unit may have been started: call again), ChangedSinceCheck when the host is another
 *   than the one that was checked (nothing was started), HostNotClean when another operation's
 *   command runs on the host, HostUnsuitable when the program is not installed, CommandFailed when systemd refused for another reason. TypeError for a `$` in an argument.
 */
export const ensureUnit = async (host: Host, command: UnitCommand): Promise<EnsuredUnit> => {
  refuseDollar(command);
  const logFile = command.logFile ?? unitLogFile(command.unit);
  const folder = logFile.slice(0, logFile.lastIndexOf('/'));
  const mark = newMark();
  const { claim } = command;
  const script = `set -eu
code=0 said=
others=$({ ${showRunningUnits}; } | grep -vxF ${quote(`running-unit ${command.unit}`)} || true)
${claim === undefined ? '' : claimScript(mark, command, claim)}
umask 077
install -d -m 0700 ${quote(folder)}
: >> ${quote(logFile)}
chmod 600 ${quote(logFile)}
start=$(stat -c %s ${quote(logFile)})
[ -n "$others" ] || said=$(${startCommand(command, logFile)} 2>&1) || code=$?
printf '\\n%s start\\n%s %s\\n%s\\n' ${mark} "$code" "$start" "$said"
printf '\\n%s others\\n%s\\n' ${mark} "$others"
printf '\\n%s show\\n' ${mark}
${showUnit(command.unit, logFile)}`;
  const sections = parseSections(await execute(host, `starting ${command.unit}`, script), mark);
  const differs = sections.get('differs');
  if (differs !== undefined) throw changedSinceCheck(host, command.argv.slice(0, 2).join(' '), differs);
  const [other] = parseRunningUnits(sections.get('others') ?? '');
  if (other !== undefined) throw stillRuns(host, other);
  const [first = '', ...said] = (sections.get('start') ?? '').split('\n');
  const [code, start] = first.split(' ');
  const reading = parseUnitReading(sections.get('show') ?? '');
  if (code === '0') return { outcome: 'started', logStart: Number(start), ...reading };
  const message = said.join('\n').trim();
  // "Unit X was already loaded or has a fragment file." (systemd 252)
  if (/already (loaded|exists)/.test(message)) return { outcome: 'already-there', logStart: 0, ...reading };
  const program = command.argv[0] ?? '';
  if (/Failed to find executable|No such file or directory/.test(message)) {
    throw new QuorateError('HostUnsuitable', `${program} is not installed on ${host.name}`, {
      host: host.name,
      remedy: `install ${program} on ${host.name}, then retry`,
      evidence: [message],
    });
  }
  throw new QuorateError('CommandFailed', `systemd on ${host.name} did not start ${command.unit}: ${message}`, {
    host: host.name,
    remedy: `look at \`systemctl status ${command.unit}\` on ${host.name}`,
    evidence: message.split('\n'),
  });
};
