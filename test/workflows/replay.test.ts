import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { names } from '../../model/messages.js';
import { readHistories, recordings } from '../support/histories.js';
import type { RecordedHistory, Recording } from '../support/histories.js';
import { replayAdvice } from '../support/replay-advice.js';
import { scenarios } from '../support/scenarios.js';
import { defaultAnswers } from '../support/scripted-answers.js';
import { testBundle } from '../support/temporal.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { quietRuntime } from '../support/workflow-harness.js';

quietRuntime();

/** Replays all with the present code, in one worker. @returns what went wrong, by the id given to the history. */
const replay = async (histories: readonly RecordedHistory[]): Promise<Map<string, string>> => {
  const workflowBundle = await testBundle();
  const problems = new Map<string, string>();
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    if (error !== undefined) problems.set(workflowId, error.message);
  }
  return problems;
};

const present = recordings().filter(({ release }) => release === undefined);
const titleOf = ({ scenario, release }: Recording): string =>
  release === undefined ? scenario : `${scenario} of ${release}`;

describe('what is recorded', () => {
  test('is every scenario, and nothing else', () => {
    expect(present.map(({ scenario }) => scenario).toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted());
  });

  test('has every workflow, and every activity', () => {
    const seen = { workflows: new Set<string>(), activities: new Set<string>() };
    const nameIn = (value: unknown): string => (value as { name?: string } | undefined)?.name ?? '';
    for (const { history } of present.flatMap((recording) => readHistories(recording))) {
      for (const event of history.events as Record<string, Record<string, unknown>>[]) {
        seen.workflows.add(nameIn(event['workflowExecutionStartedEventAttributes']?.['workflowType']));
        seen.activities.add(nameIn(event['activityTaskScheduledEventAttributes']?.['activityType']));
        const local = event['markerRecordedEventAttributes']?.['details'] as
          { data?: { payloads: { data: string }[] } } | undefined;
        for (const { data } of local?.data?.payloads ?? [])
          seen.activities.add(
            (JSON.parse(Buffer.from(data, 'base64').toString()) as { activity_type?: string }).activity_type ?? '',
          );
      }
    }
    expect([...seen.workflows]).toEqual(expect.arrayContaining(Object.values(names.workflows)));
    expect([...seen.activities]).toEqual(expect.arrayContaining(Object.keys(defaultAnswers({ hosts: {} }))));
  });

  test('by released code is replayed beside it, from a folder of its own', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'released', 'v0.1.0'), { recursive: true });
    writeFileSync(join(folder, 'queue.json.gz'), '');
    writeFileSync(join(folder, 'released', 'v0.1.0', 'queue.json.gz'), '');
    expect(recordings(folder)).toEqual([{ scenario: 'queue' }, { scenario: 'queue', release: 'v0.1.0' }]);
  });
});

describe('operations that older code began go on with the present code', () => {
  const idOf = (recording: Recording, index: number): string => `${titleOf(recording)} ${index}`;
  let problems: Map<string, string>;
  beforeAll(async () => {
    problems = await replay(
      recordings().flatMap((recording) =>
        readHistories(recording).map(({ history }, index) => ({ workflowId: idOf(recording, index), history })),
      ),
    );
  });

  test.for(recordings().map((recording) => [titleOf(recording), recording] as const))('%s', ([, recording]) => {
    const histories = readHistories(recording);
    expect(histories.length).toBeGreaterThan(0);
    for (const [index] of histories.entries()) {
      const problem = problems.get(idOf(recording, index));
      expect(problem, replayAdvice(recording, problem ?? '')).toBeUndefined();
    }
  });

  test('R4: kubeadm is not begun on what was read more than a quarter of an hour before: that is read again', async () => {
    const [recorded] = readHistories({ scenario: 'join-worker' });
    if (recorded === undefined) throw new Error('no history');
    const events = recorded.history.events as readonly Record<string, unknown>[];
    const scheduled = (name: string): number =>
      events.findIndex((event) => JSON.stringify(event['activityTaskScheduledEventAttributes'] ?? '').includes(name));
    expect(scheduled('"prepareHost"')).toBeGreaterThan(0);
    /** As if the images had taken that long. */
    const aged = (minutes: number): RecordedHistory => ({
      workflowId: `${minutes} minutes`,
      history: {
        events: events.map((event, index) =>
          index <= scheduled('"prepareHost"')
            ? event
            : {
                ...event,
                eventTime: new Date(Date.parse(String(event['eventTime'])) + minutes * 60_000).toISOString(),
              },
        ),
      },
    });
    const found = await replay([aged(0), aged(14), aged(16)]);
    expect([...found.keys()]).toEqual(['16 minutes']);
    expect(found.get('16 minutes')).toMatch(/TMPRL1100|nondeterminism/i);
  });

  test('a changed order of activities is noticed', async () => {
    const [recorded] = readHistories({ scenario: 'join-worker' });
    const text = JSON.stringify(recorded);
    const changed = text.replaceAll('"prepareHost"', '"resetHost"');
    expect(changed).not.toBe(text);
    expect([...(await replay([JSON.parse(changed) as RecordedHistory])).values()]).toEqual([
      expect.stringMatching(/TMPRL1100|nondeterminism/i),
    ]);
  });
});

describe('who made a change that does not replay is told', () => {
  test('to guard it, or to record again what was never released', () => {
    expect(replayAdvice({ scenario: 'join-worker' }, '[TMPRL1100] prepareHost, not createCredentials')).toBe(
      `The workflows no longer replay the recorded scenario "join-worker": an operation that runs while workers are upgraded would be stuck.
Guard the change with patched('<id>') from @temporalio/workflow, so that what older code began takes the old way; the old way and the guard go in later releases, by deprecatePatch('<id>').
Only if the code that recorded it was never released, record it again instead: npm run record:histories -- join-worker
How, step by step: docs/versioning.md
[TMPRL1100] prepareHost, not createCredentials`,
    );
  });

  test('that what released code recorded is never recorded again', () => {
    const advice = replayAdvice({ scenario: 'queue', release: 'v0.1.0' }, 'why');
    expect(advice).toContain('the recorded scenario "queue" of v0.1.0:');
    expect(advice).toContain('it is never recorded again');
    expect(advice).not.toContain('npm run record:histories');
  });
});
