// An operation about a whole cluster, whose steps are computed from what it read (docs/design.md): not shipped.
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperationContext } from '../../model/operation.js';
import { clusterFacts, nodeFacts, operationContext } from '../support/facts.js';
import { fails, gate } from '../support/scripted-activities.js';
import type { Behaviour, Script } from '../support/scripted-activities.js';
import { connectToTestServer, uniqueName } from '../support/temporal.js';
import { blocked, by, decide, ended, progressOf, startHarness } from '../support/workflow-harness.js';
import type { Harness } from '../support/workflow-harness.js';

let harness: Harness;
let close = async (): Promise<void> => {};
beforeAll(async () => {
  const server = await connectToTestServer({
    workflows: fileURLToPath(new URL('../support/workflows/fifty-hosts.ts', import.meta.url)),
  });
  harness = await startHarness(server, { taskQueue: uniqueName('fifty') });
  close = async () => {
    await harness.close();
    await server.close();
  };
});
afterAll(() => close());

const hostNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `n${String(index + 1).padStart(2, '0')}`);

/** What is prepared is Ready the next time that the cluster is read. */
const becomesReady =
  (script: Script): Behaviour<'prepareHost'> =>
  async (otherwise, { target }) => {
    const { nodes = [] } = script.world.cluster ?? {};
    script.world.cluster = clusterFacts({
      nodes: nodes.map((node) => (node.name === target.name ? { ...node, ready: true } : node)),
    });
    return otherwise();
  };

interface Run {
  readonly context: OperationContext;
  readonly script: Script;
  readonly handle: WorkflowHandle;
}

const start = async (
  count: number,
  behaviours: (otherwise: Behaviour<'prepareHost'>) => readonly Behaviour<'prepareHost'>[],
): Promise<Run> => {
  const context = operationContext({ kind: 'join-worker', cluster: uniqueName('fifty') });
  const script = harness.script(context.cluster);
  script.world.cluster = clusterFacts({ nodes: hostNames(count).map((name) => nodeFacts(name, { ready: false })) });
  script.on('prepareHost', ...behaviours(becomesReady(script)));
  const handle = await harness.client.workflow.start('prepareAll', {
    workflowId: `change/${context.cluster}`,
    taskQueue: harness.taskQueue,
    args: [{ context, by }],
  });
  return { context, script, handle };
};

const childOf = ({ context }: Run, host: string, round = 0): WorkflowHandle =>
  harness.client.workflow.getHandle(`op/${context.operation}-${round}/${host}`);

const prepared = ({ script }: Run): string[] =>
  script.callsOf('prepareHost').map(({ args }) => (args[0] as OperationContext).target.name);

const many = (count: number, one: Behaviour<'prepareHost'>): Behaviour<'prepareHost'>[] =>
  Array.from({ length: count }, () => one);

test('fifty hosts: one row and one page for each, in a history that is bounded', async () => {
  const run = await start(50, (pass) => many(50, pass));
  expect(await ended(run.handle)).toMatchObject({ status: 'completed' });
  expect(prepared(run)).toEqual(hostNames(50));
  const { steps, summary } = await progressOf(run.handle);
  expect(steps.map(({ id, state }) => [id, state])).toEqual([
    ['read', 'done'],
    ...hostNames(50).map((name) => [`prepare ${name}`, 'done']),
    ['conclude', 'done'],
  ]);
  expect(steps[17]).toMatchObject({ title: `join n17 as a worker of ${run.context.cluster}`, note: 'n17 is prepared' });
  expect(summary).toBe('all are prepared');
  const page = await childOf(run, 'n17').describe();
  expect(await page.staticSummary()).toBe(`join n17 as a worker of ${run.context.cluster}`);
  expect(page.parentExecution?.workflowId).toBe(`change/${run.context.cluster}`);
  // Far below the 51,200 events and 50 MiB at which Temporal ends a workflow, and the 4,096 at which it suggests a new one.
  const { historyLength, historySize = 0 } = await run.handle.describe();
  expect(historyLength).toBeLessThan(1_000);
  expect(historySize).toBeLessThan(1_000_000);
}, 120_000);

test('what fails for one host is decided on its page, and the rest goes on', async () => {
  const run = await start(3, (pass) => [pass, fails('CommandFailed'), pass, pass]);
  const child = childOf(run, 'n02');
  await blocked(child);
  expect((await progressOf(run.handle)).blocked).toBeUndefined();
  await decide(child, 'retry');
  expect(await ended(run.handle)).toMatchObject({ status: 'completed' });
  expect(prepared(run)).toEqual(['n01', 'n02', 'n02', 'n03']);
});

test('a host that was given up blocks the whole; a retry reads again, and only what is left is done', async () => {
  const run = await start(3, (pass) => [pass, fails('CommandFailed'), pass, pass]);
  const child = childOf(run, 'n02');
  await blocked(child);
  await decide(child, 'abort');
  await blocked(run.handle);
  expect((await progressOf(run.handle)).blocked).toMatchObject({
    step: 'prepare n02',
    message: expect.stringMatching(/\/n02 did not finish: aborted by /) as string,
    remedy: expect.stringContaining('operations show') as string,
  });
  await decide(run.handle, 'retry');
  expect(await ended(run.handle)).toMatchObject({ status: 'completed' });
  expect(prepared(run)).toEqual(['n01', 'n02', 'n02', 'n03']);
  const { steps } = await progressOf(run.handle);
  expect(steps.map(({ id, state }) => [id, state])).toEqual([
    ['read', 'done'],
    ['prepare n01', 'done'],
    ['prepare n02', 'done'],
    ['prepare n03', 'done'],
    ['conclude', 'done'],
  ]);
});

test('a cancel reaches the host that is being changed, which undoes itself; what is done stays', async () => {
  const hang = gate();
  const run = await start(3, (pass) => [pass, hang.hold]);
  await hang.reached;
  await run.handle.cancel();
  expect(await ended(run.handle)).toMatchObject({ status: 'cancelled' });
  expect(await ended(childOf(run, 'n02'))).toMatchObject({ status: 'cancelled' });
  const undone = run.script.callsOf('disableBackend').map(({ args }) => (args[0] as OperationContext).target.name);
  expect(undone).toEqual(['n02']);
  expect(prepared(run)).toEqual(['n01', 'n02']);
});
