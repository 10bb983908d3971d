import { execute } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';
import { unitLogFile } from './unit-name.js';
import { parseUnitReading, showUnit } from './unit-reading.js';
import type { UnitReading } from './unit-reading.js';

/**
 * The state of a unit now; one cheap command.
 * @throws QuorateError Unreachable
 */
export const readUnit = async (
  host: Host,
  unit: string,
  options: { readonly logFile?: string } = {},
): Promise<UnitReading> =>
  parseUnitReading(
    await execute(host, `reading the state of ${unit}`, showUnit(unit, options.logFile ?? unitLogFile(unit))),
  );
