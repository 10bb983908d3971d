import { newMark } from '../script/sections.js';
import { readUptime } from '../script/uptime.js';
import { execute, requireSuccess } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { markedStream } from './marked-stream.js';
import { unitLogFile } from './unit-name.js';
import { parseUnitReading, showUnit } from './unit-reading.js';
import type { UnitReading } from './unit-reading.js';

export interface FollowOptions {
  /** Bytes of the log that the caller has already; output after them is reported. */
  readonly offset: number;
  /** Called with each piece of output and the offset after it, in bytes of the log file. */
  readonly onOutput: (text: string, newOffset: number) => void;
  /** Milliseconds after which it returns although the unit runs on; default 600 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly logFile?: string;
}

// `tail --pid` ends within 0.1 s of the main process and reads once more after it saw it gone. The unit may not have
// a main process yet, or no longer: systemd is asked before and after.
const followScript = (unit: string, logFile: string, offset: number, seconds: number, mark: string): string => `
${readUptime}
deadline=$((now + ${seconds}))
look() {
  seen=$(systemctl show ${quote(unit)} -p ActiveState,SubState,MainPID) || exit 1
  pid=\${seen#*MainPID=}; pid=\${pid%%[!0-9]*}
  case "$seen" in
    *SubState=exited*|*ActiveState=failed*|*ActiveState=inactive*) over=yes ;;
    *) over=no ;;
  esac
  ${readUptime}
  [ "$now" -lt "$deadline" ] || over=late
}
look
while [ $over = no ] && [ "\${pid:-0}" -eq 0 ]; do sleep 0.05; look; done
if [ $over = no ]; then
  timeout ${seconds} tail -c +${offset + 1} --pid="$pid" -s 0.1 -f ${quote(logFile)} 2>/dev/null
  look
  while [ $over = no ]; do sleep 0.05; look; done
else
  tail -c +${offset + 1} ${quote(logFile)} 2>/dev/null
fi
printf '%s \\n' ${mark}
${showUnit(unit, logFile)}
`;

/**
 * Holds one channel on which the output of a unit arrives as it is written, and returns within about 0.2 s of the
 * unit's end with how it ended, or with `running` after `timeoutMs`. No output before the end is lost.
 * The log is taken as UTF-8; where it is not, the offsets passed to `onOutput` may be some bytes too high.
 * @throws QuorateError Unreachable when the channel is lost: the unit runs on; follow again from the last offset.
 *   The signal's reason when it was aborted: the unit runs on.
 */
export const followUnit = async (host: Host, unit: string, options: FollowOptions): Promise<UnitReading> => {
  const logFile = options.logFile ?? unitLogFile(unit);
  const timeoutMs = options.timeoutMs ?? 600_000;
  const what = `following ${unit}`;
  let offset = options.offset;
  const report = (text: string): void => {
    offset += Buffer.byteLength(text);
    options.onOutput(text, offset);
  };
  const mark = newMark();
  const stream = markedStream(mark, report);
  const outcome = await host.run(followScript(unit, logFile, offset, Math.max(1, Math.ceil(timeoutMs / 1000)), mark), {
    onStdout: stream.write,
    // The script ends by itself at the deadline; this is for a host that hangs.
    timeoutMs: timeoutMs + 15_000,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  options.signal?.throwIfAborted();
  requireSuccess(host, what, outcome);
  const reading = parseUnitReading(stream.rest() ?? '');
  if (reading.state !== 'running' && reading.logSize > offset) {
    // Written by another process of the unit after its main process had ended.
    const length = reading.logSize - offset;
    const script = `tail -c +${offset + 1} ${quote(logFile)} | head -c ${length}`;
    report(await execute(host, what, script, { maxOutputBytes: length + 1024 }));
  }
  return reading;
};
