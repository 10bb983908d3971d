import { expect, test } from 'vitest';
import { parseUnitReading } from '../../../adapters/systemd/unit-reading.js';

// As systemd 252 prints them; the order is systemd's own.
const shown = (values: Record<string, string | number>): string =>
  Object.entries({
    BootId: 'b1',
    LogSize: 42,
    LogTime: 1767600000.123,
    BootTime: 1767500000,
    InvocationID: 'i1',
    LoadState: 'loaded',
    ...values,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const cases: [string, Record<string, string | number>, Record<string, unknown>][] = [
  ['about to start', { ActiveState: 'activating', SubState: 'start', ExecMainCode: 0 }, { state: 'running' }],
  ['running', { ActiveState: 'active', SubState: 'running', Result: 'success' }, { state: 'running' }],
  ['about to end', { ActiveState: 'deactivating', SubState: 'stop-sigterm' }, { state: 'running' }],
  [
    'exited with 0',
    { ActiveState: 'active', SubState: 'exited', Result: 'success', ExecMainCode: 1, ExecMainStatus: 0 },
    { state: 'succeeded', exitStatus: 0 },
  ],
  [
    'ended by SIGTERM, which systemd calls a success',
    { ActiveState: 'active', SubState: 'exited', Result: 'success', ExecMainCode: 2, ExecMainStatus: 15 },
    { state: 'killed', signal: 15 },
  ],
  [
    'exited with 3',
    { ActiveState: 'failed', SubState: 'failed', Result: 'exit-code', ExecMainCode: 1, ExecMainStatus: 3 },
    { state: 'failed', exitStatus: 3 },
  ],
  [
    'killed',
    { ActiveState: 'failed', SubState: 'failed', Result: 'signal', ExecMainCode: 2, ExecMainStatus: 9 },
    { state: 'killed', signal: 9 },
  ],
  [
    'out of memory',
    { ActiveState: 'failed', SubState: 'failed', Result: 'oom-kill', ExecMainCode: 2, ExecMainStatus: 9 },
    { state: 'killed', signal: 9 },
  ],
  [
    'ran too long',
    { ActiveState: 'failed', SubState: 'failed', Result: 'timeout', ExecMainCode: 2, ExecMainStatus: 15 },
    { state: 'timed-out', signal: 15 },
  ],
  ['never started', { LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead' }, { state: 'absent' }],
  ['stopped, not yet unloaded', { ActiveState: 'inactive', SubState: 'dead' }, { state: 'absent' }],
];

test.each(cases)('a unit that is %s', (_, values, expected) => {
  const reading = parseUnitReading(shown(values));
  expect(reading).toEqual({
    ...expected,
    bootId: 'b1',
    invocationId: expected['state'] === 'absent' ? '' : 'i1',
    logSize: 42,
    logTime: 1767600000.123,
    bootTime: 1767500000,
  });
});
