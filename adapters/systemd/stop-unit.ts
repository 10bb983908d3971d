import { QuorateError } from '../../model/failures/failure.js';
import { execute } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { unitLogFile } from './unit-name.js';
import { parseUnitReading, showUnit } from './unit-reading.js';
import type { UnitReading } from './unit-reading.js';

// TimeoutStopSec of our units is 30 s, after which systemd kills.
const stopSeconds = 45;

const stop = async (host: Host, unit: string, forget: boolean): Promise<UnitReading> => {
  const name = quote(unit);
  const script = [
    // Fails for a unit that is not loaded, which is what is wanted; the state read below decides.
    `timeout ${stopSeconds} systemctl stop ${name} >/dev/null 2>&1 || true`,
    ...(forget ? [`systemctl reset-failed ${name} >/dev/null 2>&1 || true`] : []),
    showUnit(unit, unitLogFile(unit)),
  ].join('\n');
  const reading = parseUnitReading(
    await execute(host, `stopping ${unit}`, script, { timeoutMs: (stopSeconds + 15) * 1000 }),
  );
  if (reading.state === 'running' || reading.state === 'succeeded' || (forget && reading.state !== 'absent')) {
    throw new QuorateError('CommandFailed', `${unit} on ${host.name} is still ${reading.state} after it was stopped`, {
      host: host.name,
      remedy: `look at \`systemctl status ${unit}\` on ${host.name}; a process that cannot be killed waits for a disk or a network mount`,
    });
  }
  return reading;
};

/**
 * Ends a unit and sees it inactive, within about a minute. A unit that is not there is fine.
 * A running unit loses its status by this: who cancels has to note that it did.
 * @throws QuorateError Unreachable, CommandFailed when it does not end
 */
export const stopUnit = async (host: Host, unit: string): Promise<UnitReading> => stop(host, unit, false);

/**
 * Ends a unit and forgets how it ended, so that its name can be used again. Its log file stays.
 * @throws QuorateError Unreachable, CommandFailed when it does not end
 */
export const forgetUnit = async (host: Host, unit: string): Promise<UnitReading> => stop(host, unit, true);
