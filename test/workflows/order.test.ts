import { describe, expect, test } from 'vitest';
import { StatusReport } from '../../model/status/status.js';
import { names } from '../../model/messages.js';
import { operationKinds } from '../../model/operations.js';
import { etcdMember, leftovers, clusterFacts, caHash, nodeFacts, operationContext } from '../support/facts.js';
import { changingActivities, expectedSteps, readingActivities } from '../support/operation-steps.js';
import { hostOf } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { ended, progressOf, stepStates } from '../support/workflow-harness.js';

const harness = useHarness('order');

describe.concurrent('activities in order', () => {
  test.concurrent.for(operationKinds)('%s of a clean host', async (kind) => {
    const context = operationContext({ kind, cluster: uniqueName(kind) });
    const script = harness().script(context.cluster);
    const handle = await harness().start(context);
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(0, 3).toSorted()).toEqual(readingActivities);
    expect(script.names().slice(3)).toEqual(changingActivities(kind));

    const progress = await progressOf(handle);
    expect(progress.steps.map(({ id }) => id)).toEqual(expectedSteps[kind].map(({ step }) => step));
    for (const { id, state, note } of progress.steps) {
      expect([id, state]).toEqual([
        id,
        ['reset', 'stop-earlier', 'remove-stale-node', ...(kind === 'init' ? [] : ['claim'])].includes(id)
          ? 'skipped'
          : 'done',
      ]);
      expect(note).toMatch(/\S/);
    }
    expect(progress).toMatchObject({ outcome: 'finished', decisions: [] });
    expect(progress.summary).toContain(context.cluster);
    expect(progress.plan.length).toBeGreaterThan(0);
    // Every activity got the context of the operation, in its first round; a join's, once it has read the cluster, with its CA.
    const known = kind === 'init' ? context : { ...context, caHash };
    for (const [index, call] of script.calls.entries()) expect(call.args[0]).toEqual(index < 3 ? context : known);
  });

  test.concurrent.for(operationKinds)('%s of a dirty host that policy lets reset', async (kind) => {
    const context = operationContext({ kind, cluster: uniqueName(kind), policy: { resetDirtyHosts: 'when-ours' } });
    const script = harness().script(context.cluster);
    script.world.hosts[context.target.name] = hostOf(context, leftovers(context.cluster));
    const handle = await harness().start(context);
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(3)).toEqual(changingActivities(kind, 'dirty'));
  });

  test('the backend is registered disabled for a join, and enabled at once for init', async () => {
    const join = operationContext({ cluster: uniqueName('disabled') });
    const init = operationContext({ kind: 'init', cluster: uniqueName('enabled') });
    await Promise.all([join, init].map(async (context) => ended(await harness().start(context))));
    const second = (cluster: string) => harness().script(cluster).callsOf('registerBackend')[0]?.args[1];
    expect([second(join.cluster), second(init.cluster)]).toEqual([false, true]);
  });

  test('R4: each activity that destroys is told what was checked, to compare it with what is there', async () => {
    const context = operationContext({ cluster: uniqueName('data'), policy: { resetDirtyHosts: 'when-ours' } });
    const script = harness().script(context.cluster);
    const host = hostOf(context, leftovers(context.cluster, { etcdDataPresent: true }));
    script.world.hosts['cp3'] = host;
    const stale = etcdMember('cp3', { name: '' });
    delete stale.status;
    const node = nodeFacts('cp3', { machineId: host.machineId, ready: false });
    const facts = clusterFacts();
    script.world.cluster = clusterFacts({
      nodes: [...facts.nodes, node],
      etcd: { askedAt: 'cp1', alarms: [], members: [...(facts.etcd?.members ?? []), stale] },
    });
    expect(await ended(await harness().start(context))).toMatchObject({ status: 'completed' });
    const checked = {
      identity: host.identity,
      machineId: host.machineId,
      etcdDataPresent: true,
      sameCluster: true,
      members: [stale.id],
      node: { uid: node.uid, ready: false, living: false },
      units: [],
      ownAttempt: false,
    };
    for (const activity of ['removeStaleMember', 'resetHost', 'runKubeadm'] as const)
      expect(script.callsOf(activity).map(({ args }) => args[1])).toEqual([checked]);
  });
});

describe.concurrent('a host that is a member already', () => {
  test('worker: only the proof, nothing is reset or joined', async () => {
    const context = operationContext({ kind: 'join-worker', cluster: uniqueName('member') });
    const script = harness().script(context.cluster);
    const host = hostOf(context, leftovers(context.cluster));
    script.world.hosts['w2'] = host;
    script.world.cluster = clusterFacts({
      nodes: [nodeFacts('cp1'), nodeFacts('w2', { machineId: host.machineId, internalIp: context.target.address })],
    });
    const handle = await harness().start(context);
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(3)).toEqual(['proveWorker']);
    expect((await progressOf(handle)).plan).toEqual([
      `verify w2, which is a member of ${context.cluster} already; nothing is reset or joined`,
    ]);
  });

  test('control plane: proof and backend, but no snapshot, reset or join', async () => {
    const context = operationContext({ cluster: uniqueName('voter') });
    const script = harness().script(context.cluster);
    const host = hostOf(context, leftovers(context.cluster, { etcdDataPresent: true }));
    script.world.hosts['cp3'] = host;
    const facts = clusterFacts();
    script.world.cluster = clusterFacts({
      nodes: [...facts.nodes, nodeFacts('cp3', { machineId: host.machineId })],
      etcd: { askedAt: 'cp1', alarms: [], members: ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name)) },
    });
    const handle = await harness().start(context);
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(script.names().slice(3)).toEqual(['proveControlPlane', 'enableBackend']);
    expect(stepStates(await progressOf(handle))).toMatchObject({ join: 'skipped', register: 'skipped', prove: 'done' });
    expect(host.pkiCaHash).toBe(caHash);
  });
});

test.concurrent('the status of a cluster is one activity', async () => {
  const context = operationContext({ cluster: uniqueName('status') });
  const { client, taskQueue } = harness();
  const report = await client.workflow.execute(names.workflows.status, {
    workflowId: uniqueName('status'),
    taskQueue,
    args: [context],
  });
  expect(StatusReport.parse(report)).toMatchObject({ cluster: context.cluster, problems: [] });
  expect(harness().script(context.cluster).names()).toEqual(['readStatus']);
});
