import type { HostFacts } from '../facts/host-facts.js';
import type { OperationContext } from '../operation.js';
import { fatal, warning, type Finding } from './finding.js';

/** A CA is back-dated by 5 minutes, a token lives for 30; half a minute is far from both and far above NTP's error. */
const fatalMs = 30_000;
const warningMs = 2_000;

export const clockFindings = (context: OperationContext, host: HostFacts): Finding[] => {
  const offset = host.clockOffsetMs;
  const size = Math.abs(offset);
  if (size <= warningMs) return [];
  return [
    (size > fatalMs ? fatal : warning)(
      'ClockSkew',
      `the clock of ${context.target.name} is ${(size / 1000).toFixed(1)} s ${offset < 0 ? 'behind' : 'ahead'}`,
      `enable NTP (chrony or systemd-timesyncd) on ${context.target.name}, and see that the worker's own clock is right`,
      [`host clock minus worker clock: ${offset} ms`],
    ),
  ];
};
