import { expect, test } from 'vitest';
import { names } from '../../model/messages.js';
import type { OperationContext } from '../../model/operation.js';
import { PlanReport } from '../../model/plan-report.js';
import { leftovers, operationContext } from '../support/facts.js';
import { readingActivities } from '../support/operation-steps.js';
import { fails } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';

const harness = useHarness('plan');

const plan = async (context: OperationContext): Promise<PlanReport> =>
  PlanReport.parse(
    await harness().client.workflow.execute(names.workflows.plan, {
      workflowId: `plan/${context.cluster}`,
      taskQueue: harness().taskQueue,
      args: [context],
    }),
  );

test.concurrent('says what a join would do, and reads only', async () => {
  const context = operationContext({ cluster: uniqueName('plan') });
  const report = await plan(context);
  expect(report).toMatchObject({ kind: 'join-control-plane', host: 'cp3', findings: [] });
  expect(report.plan.at(-2)).toContain('voters 2 → 3');
  expect(harness().script(context.cluster).names().toSorted()).toEqual(readingActivities);
});

test.concurrent('names what would need an approval, and what would stop it', async () => {
  const context = operationContext({ kind: 'join-worker', cluster: uniqueName('dirty') });
  harness().script(context.cluster).world.hosts['w2'] = hostOf(context, { ...leftovers('other'), swapOn: true });
  const report = await plan(context);
  expect(report.findings.map(({ code, severity }) => `${code} ${severity}`)).toEqual([
    'HostUnsuitable fatal',
    'DirtyHost approval',
  ]);
  expect(report.plan).toEqual([]);
});

test.concurrent('a host out of reach is said with its remedy', async () => {
  const context = operationContext({ kind: 'join-worker', cluster: uniqueName('away') });
  harness()
    .script(context.cluster)
    .on('readHost', fails('Unreachable', { remedy: 'start it' }));
  await expect(plan(context)).rejects.toMatchObject({
    cause: { cause: { type: 'Unreachable', details: [{ remedy: 'start it' }] } },
  });
});
