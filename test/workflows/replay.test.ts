import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { readHistories, recordedScenarios } from '../support/histories.js';
import type { RecordedHistory } from '../support/histories.js';
import { scenarios } from '../support/scenarios.js';
import { testBundle } from '../support/temporal.js';
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

const whatToDo = (scenario: string, problem: string): string =>
  `The workflows no longer replay the recorded scenario "${scenario}": an operation that runs while workers are ` +
  `upgraded would be stuck. Guard the change with patched('<id>') from @temporalio/workflow, so that old histories ` +
  `take the old way. Only if the recorded code was never released, record again: ` +
  `npm run record:histories -- ${scenario}\n${problem}`;

test('every scenario is recorded, and nothing else', () => {
  expect(recordedScenarios().toSorted()).toEqual(scenarios.map(({ name }) => name).toSorted());
});

describe('operations that older code began go on with the present code', () => {
  const idOf = (scenario: string, index: number): string => `${scenario} ${index}`;
  let problems: Map<string, string>;
  beforeAll(async () => {
    problems = await replay(
      recordedScenarios().flatMap((scenario) =>
        readHistories(scenario).map(({ history }, index) => ({ workflowId: idOf(scenario, index), history })),
      ),
    );
  });

  test.for(recordedScenarios())('%s', (scenario) => {
    const histories = readHistories(scenario);
    expect(histories.length).toBeGreaterThan(0);
    for (const [index] of histories.entries()) {
      const problem = problems.get(idOf(scenario, index));
      expect(problem, whatToDo(scenario, problem ?? '')).toBeUndefined();
    }
  });

  test('a changed order of activities is noticed', async () => {
    const [recorded] = readHistories('join-worker');
    const text = JSON.stringify(recorded);
    const changed = text.replaceAll('"prepareHost"', '"resetHost"');
    expect(changed).not.toBe(text);
    expect([...(await replay([JSON.parse(changed) as RecordedHistory])).values()]).toEqual([
      expect.stringMatching(/TMPRL1100|nondeterminism/i),
    ]);
  });
});
