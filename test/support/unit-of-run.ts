import { unitName } from '../../adapters/systemd/unit-name.js';
import type { OperationContext } from '../../model/operation.js';
import { testRun } from './activity-environment.js';

/** Name of the unit in which a step's command of an operation runs; default of the round of the context, and of `testRun`. */
export const unitOfRun = (
  { operation, target, round }: OperationContext,
  step: string,
  of: { readonly round?: number; readonly run?: string } = {},
): string => unitName({ operation, run: testRun, step, host: target.name, round, ...of });
