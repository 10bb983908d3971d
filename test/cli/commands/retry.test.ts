import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RetryReport } from '../../../api/client/client.js';
import { eventually } from '../../support/eventually.js';
import { runCli, type CliResult } from '../../support/run-cli.js';
import {
  blockedByDirtyHost,
  startScriptedOperations,
  type ScriptedOperations,
} from '../../support/scripted-operations.js';
import { uniqueName } from '../../support/temporal.js';

let it: ScriptedOperations;
let env: Record<string, string>;
beforeAll(async () => {
  // `--all-blocked` means every cluster there is.
  it = await startScriptedOperations({ alone: true });
  await it.startWorker();
  env = {
    TEMPORAL_ADDRESS: it.server.address,
    TEMPORAL_NAMESPACE: it.server.namespace,
    QUORATE_TASK_QUEUE: it.taskQueue,
  };
});
afterAll(() => it.stop());

let cluster: string;
beforeEach(() => {
  cluster = uniqueName('retry');
});

const quorate = (...args: string[]): Promise<CliResult> => runCli(args, { env });
const blockedCount = async () => (await it.client.list({ blocked: true })).operations.length;

/** Workers that are blocked by what is named for each. */
const block = async (types: Record<string, 'Unreachable' | 'DirtyHost'>): Promise<string[]> => {
  const operations = [];
  for (const [host, type] of Object.entries(types)) {
    const request = it.request('join-worker', host, cluster);
    await it.submit(request);
    const { operation } = request.context;
    await eventually(async () => (await it.client.find(operation).catch(() => undefined))?.state).toBe('running');
    await it.play(`op/${cluster}/join-worker/${host}`, { blocked: { ...blockedByDirtyHost, type } });
    operations.push(operation);
  }
  await eventually(blockedCount).toBe(operations.length);
  return operations;
};
const decisionsOf = async (operation: string) =>
  (await it.client.view(await it.client.find(operation))).progress?.decisions;

test('all that is blocked goes on with one command, which says so for each; nothing blocked is no failure', async () => {
  const [w1 = '', w2 = ''] = await block({ w1: 'Unreachable', w2: 'DirtyHost' });
  const dry = await quorate('retry', '--all-blocked', '--dry-run');
  expect(dry.out).toMatch(new RegExp(`^${w1} +Unreachable +would be retried$`, 'm'));
  expect(dry.out).toContain('2 would be retried; nothing was sent.\n');
  expect(dry.code).toBe(0);
  expect(await decisionsOf(w1)).toEqual([]);

  const { out, code } = await quorate('retry', '--all-blocked', '--by', 'bob', '--reason', 'power is back');
  expect(out).toMatch(new RegExp(`^${w1} +Unreachable +accepted$`, 'm'));
  expect(out).toMatch(new RegExp(`^${w2} +DirtyHost +accepted$`, 'm'));
  expect(out).toContain('2 accepted, 0 refused.');
  expect(code).toBe(0);
  for (const operation of [w1, w2]) {
    expect(await decisionsOf(operation)).toMatchObject([{ action: 'retry', by: 'bob', reason: 'power is back' }]);
  }
  await eventually(blockedCount).toBe(0);
  expect(await quorate('retry', '--all-blocked')).toEqual({ code: 0, out: 'Nothing is blocked.\n', err: '' });
  const json = await quorate('retry', '--cluster', cluster, '-o', 'json');
  expect([json.code, JSON.parse(json.out)]).toEqual([0, { dryRun: false, accepted: [], refused: [] }]);
});

test('a filter reaches only what it names; one that refuses makes exit code 1', async () => {
  const [w1 = '', w2 = '', w3 = ''] = await block({ w1: 'Unreachable', w2: 'DirtyHost', w3: 'Unreachable' });
  const none = await quorate('retry', '--blocked-by', 'Unreachable', '--cluster', 'other');
  expect(none).toMatchObject({ code: 0, out: 'Nothing is blocked by Unreachable (other).\n' });
  // It goes on while lists still show it as blocked.
  await it.play(`op/${cluster}/join-worker/w3`, { unblockedUnseen: true });
  const { out, code } = await quorate('retry', '--blocked-by', 'Unreachable', '--cluster', cluster, '-o', 'json');
  expect(JSON.parse(out)).toEqual({
    dryRun: false,
    accepted: [{ operation: w1, blockedReason: 'Unreachable' }],
    refused: [{ operation: w3, blockedReason: 'Unreachable', because: 'it went on meanwhile' }],
  } satisfies RetryReport);
  expect(code).toBe(1);
  expect(await decisionsOf(w2)).toEqual([]);
  const text = await quorate('retry', '--host', 'w3');
  expect(text.out).toMatch(new RegExp(`^${w3} +Unreachable +refused: it went on meanwhile$`, 'm'));
  expect(text.code).toBe(1);
});

test.each([
  [[], 'Name them with --blocked-by TYPE, --cluster NAME, --host NAME, --kind KIND or several of these'],
  [['--dry-run'], 'or take --all-blocked'],
  [['--blocked-by', 'Unreachble'], 'Did you mean Unreachable? docs/runbook.md has every type.'],
  [['--all-blocked', '--blocked-by', 'Unreachable'], 'cannot be used with option'],
  [['--kind', 'join'], 'Allowed choices are init, join-control-plane, join-worker'],
])('%j is bad usage, and nobody is asked', async (args, says) => {
  const { code, err } = await runCli(['retry', ...args], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
  expect(err).toContain(says);
  expect(code).toBe(2);
});
