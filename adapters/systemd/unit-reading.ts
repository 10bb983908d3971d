import { readUptime } from '../script/uptime.js';
import { quote } from '../ssh/quote.js';

/**
 * - `running`: started, or about to start, or about to end
 * - `succeeded`, `failed`: its command exited
 * - `killed`: a signal ended it (also the kernel's, when memory ran out)
 * - `timed-out`: it ran longer than it may
 * - `absent`: never started, stopped by hand, or the host restarted since (compare `bootId`)
 */
type UnitState = 'running' | 'succeeded' | 'failed' | 'killed' | 'timed-out' | 'absent';

export interface UnitReading {
  readonly state: UnitState;
  /** Exit code, when the command exited. */
  readonly exitStatus?: number;
  /** Signal number, when one ended it. */
  readonly signal?: number;
  /** Changes with every start of the host. */
  readonly bootId: string;
  /** Tells two runs of one unit name apart; empty when the unit is absent. */
  readonly invocationId: string;
  /** Bytes in its log file. */
  readonly logSize: number;
  /** When its log was written last, seconds since the epoch by the host's clock, to the millisecond; 0 when there is none. */
  readonly logTime: number;
  /** When the host was started, seconds since the epoch by its clock as it is now. */
  readonly bootTime: number;
}

const properties = [
  'LoadState',
  'ActiveState',
  'SubState',
  'Result',
  'ExecMainCode',
  'ExecMainStatus',
  'InvocationID',
].join(',');

/** Shell command that prints what `parseUnitReading` reads. */
export const showUnit = (unit: string, logFile: string): string =>
  [
    `systemctl show ${quote(unit)} -p ${properties}`,
    `printf 'BootId=%s\\n' "$(cat /proc/sys/kernel/random/boot_id)"`,
    `${readUptime}; printf 'BootTime=%s\\n' $(($(date +%s) - now))`,
    `printf 'LogSize=%s\\nLogTime=%s\\n' $(stat -c '%s %.3Y' ${quote(logFile)} 2>/dev/null || echo 0 0)`,
  ].join('\n');

// siginfo codes as systemd shows them in ExecMainCode: CLD_EXITED, CLD_KILLED, CLD_DUMPED
const exited = '1';
const signalled = new Set(['2', '3']);

const stateOf = (show: ReadonlyMap<string, string>): Pick<UnitReading, 'state' | 'exitStatus' | 'signal'> => {
  const active = show.get('ActiveState');
  const status = Number(show.get('ExecMainStatus'));
  const code = show.get('ExecMainCode') ?? '';
  const ending = code === exited ? { exitStatus: status } : signalled.has(code) ? { signal: status } : {};
  if (show.get('LoadState') !== 'loaded') return { state: 'absent' };
  if (active === 'failed') {
    if (show.get('Result') === 'timeout') return { state: 'timed-out', ...ending };
    return { state: signalled.has(code) ? 'killed' : 'failed', ...ending };
  }
  if (active === 'active' && show.get('SubState') === 'exited') {
    // systemd counts SIGTERM, SIGINT, SIGHUP and SIGPIPE as a clean end: a killed command is "active (exited)" too.
    return { state: signalled.has(code) ? 'killed' : status === 0 ? 'succeeded' : 'failed', ...ending };
  }
  // A stopped transient unit is unloaded; until then it shows as inactive.
  return active === 'inactive' ? { state: 'absent' } : { state: 'running' };
};

/** Reads the output of `showUnit`. */
export const parseUnitReading = (text: string): UnitReading => {
  const show = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) show.set(line.slice(0, equals), line.slice(equals + 1).trim());
  }
  const bootId = show.get('BootId') ?? '';
  const found = stateOf(show);
  return {
    ...found,
    bootId,
    invocationId: found.state === 'absent' ? '' : (show.get('InvocationID') ?? ''),
    logSize: Number(show.get('LogSize') ?? 0),
    logTime: Number(show.get('LogTime') ?? 0),
    bootTime: Number(show.get('BootTime') ?? 0),
  };
};
