import { expect, test } from 'vitest';
import { clusterFacts, etcdMember, operationContext } from '../support/facts.js';
import { answers } from '../support/scripted-activities.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('approval-unwatched');

// The cause of the class of StaleMember is looked at; a member that may be removed is no such cause.
test('an approval is a person’s to give: nothing that is seen stands for it', async () => {
  const context = operationContext({
    cluster: uniqueName('unwatched'),
    policy: { removeStaleMembers: 'approve', resumeWhenHealthy: true },
  });
  const script = harness().script(context.cluster);
  const stale = etcdMember('cp3');
  delete stale.status;
  script.world.cluster = clusterFacts({
    etcd: { askedAt: 'cp1', members: [etcdMember('cp1'), etcdMember('cp2'), stale], alarms: [] },
  });
  script.on('probeCause', answers('the cluster is healthy again'));
  const handle = await harness().start(context);
  const reason = await blocked(handle);
  expect(reason).toMatchObject({ type: 'StaleMember', choices: ['approve', 'retry', 'abort'] });
  expect(reason.watching).toBeUndefined();
  await decide(handle, 'approve');
  expect(await ended(handle)).toMatchObject({ status: 'completed' });
  expect(script.callsOf('probeCause')).toEqual([]);
  expect((await progressOf(handle)).decisions).toMatchObject([{ action: 'approve', by: 'ann@desk' }]);
});
