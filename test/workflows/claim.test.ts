import { expect, test } from 'vitest';
import type { OperationKind } from '../../model/operations.js';
import { clusterFacts, operationContext } from '../support/facts.js';
import { changingActivities } from '../support/operation-steps.js';
import { fails } from '../support/scripted-activities.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf, stepStates } from '../support/workflow-harness.js';

const harness = useHarness('claim');
const joins = ['join-control-plane', 'join-worker'] as const satisfies readonly OperationKind[];

/** A cluster that nobody has claimed yet. */
const nameless = () => {
  const { managedAs: _, ...facts } = clusterFacts();
  return facts;
};

test.each(joins)('S1: a cluster without a name gets it before %s changes anything else', async (kind) => {
  const context = operationContext({ kind, cluster: uniqueName(kind) });
  const script = harness().script(context.cluster);
  script.world.cluster = nameless();
  const handle = await harness().start(context);
  expect(await ended(handle)).toMatchObject({ status: 'completed' });
  expect(script.names().slice(3)).toEqual(['claimCluster', ...changingActivities(kind)]);
  const { plan } = await progressOf(handle);
  expect(plan[0]).toBe(`write into the cluster that it is ${context.cluster} (ConfigMap kube-system/quorate)`);
});

test('S1: a cluster that another name has claimed meanwhile is left as it is', async () => {
  const context = operationContext({ cluster: uniqueName('claimed') });
  const script = harness().script(context.cluster);
  script.world.cluster = nameless();
  script.on('claimCluster', fails('ClusterMismatch'));
  const handle = await harness().start(context);
  expect((await blocked(handle)).type).toBe('ClusterMismatch');
  await decide(handle, 'abort');
  await ended(handle);
  expect(script.names().slice(3)).toEqual(['claimCluster']);
});

test('init: the name that could not be written is written by a retry, and the cluster is left as it is', async () => {
  const context = operationContext({ kind: 'init', cluster: uniqueName('late') });
  const script = harness().script(context.cluster);
  script.on('claimCluster', fails('CommandFailed'));
  const handle = await harness().start(context);
  await blocked(handle);
  await decide(handle, 'retry');
  expect(await ended(handle)).toMatchObject({ status: 'completed' });
  expect(script.callsOf('runKubeadm')).toHaveLength(1);
  expect(stepStates(await progressOf(handle))['claim']).toBe('done');
});
