import { ApplicationFailure } from '@temporalio/common';
import { expect } from 'vitest';
import type { Activities } from '../../../activities/contract.js';
import { workflowIds } from '../../../model/messages.js';
import type { OperationContext } from '../../../model/operation.js';
import { resetRun } from '../../support/reset.js';
import { ended, progressOf } from '../../support/workflow-harness.js';
import { expectAllJoined, expectBlocked, expectRefused } from '../expect.js';
import { eventually } from '../eventually.js';
import { kubectl, onConsole, write } from '../inject.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';
import type { Site } from '../site.js';
import { initByHand, joinByHand, joinControlPlaneByHand, resetByHand } from './by-hand.js';

/** The first call of an activity for a host is lost, as when it does not answer for longer than the budget. */
const lostOnce = (name: 'resetHost' | 'snapshotEtcd', host: string) => {
  let lost = false;
  return (activities: Activities): Activities => {
    lost = false;
    const activity = activities[name] as (context: OperationContext, ...args: unknown[]) => Promise<string>;
    return {
      ...activities,
      [name]: async (context: OperationContext, ...args: unknown[]) => {
        if (lost || context.target.name !== host) return activity(context, ...args);
        lost = true;
        throw ApplicationFailure.nonRetryable('no connection to the host', 'Unreachable');
      },
    };
  };
};

/** Nobody but a person lets an operation go on. */
const patient = { resumeWhenHealthy: false } as const;

/** Resets the newest run under a workflow id, which has finished, to its first task, and waits for the new run's end. */
const resetFinished = async ({ harness }: Site, workflowId: string) => {
  const { client } = harness;
  const { runId, status } = await client.workflow.getHandle(workflowId).describe();
  expect(status.name).toBe('COMPLETED');
  const again = await resetRun(client.workflow.getHandle(workflowId), runId);
  const handle = client.workflow.getHandle(workflowId, again);
  return { end: await ended(handle), progress: await progressOf(handle) };
};

/** Begins the operation whose marker is on a host once more under its id, as when its queue and history are forgotten. */
const beginAgain = async ({ harness, observer, context }: Site, kind: 'init', host: string) => {
  const marker = (await observer.read(host, '/var/lib/quorate/marker.json')) ?? '';
  const operation = /"operation":"([^"]+)"/.exec(marker)?.[1];
  if (operation === undefined) throw new Error(`no marker on ${host}: ${marker}`);
  const handle = await harness.start({ ...context(kind, host), operation });
  return { end: await ended(handle), progress: await progressOf(handle) };
};

const resetLogs = async ({ observer }: Site, host: string): Promise<string[]> =>
  (await observer.files(host, '/var/log/quorate')).filter((path) => /quorate-(undo-)?reset/.test(path));

const nodeUid = (site: Site, name: string): Promise<string> =>
  kubectl(site, 'cp1', `get node ${name} -o jsonpath='{.metadata.uid}'`);

export const observations: readonly Scenario[] = [
  scenario(
    'R1: a finished init that is reset in Temporal, or begun again, finds its cluster and proves it',
    { policy: { resetDirtyHosts: 'never' } },
    async (site) => {
      await site.finish('join-worker', 'w1');
      const before = await site.observer.read('cp1', '/etc/kubernetes/pki/ca.crt');
      const logs = await site.observer.files('cp1', '/var/log/quorate');
      const runs = [
        // In the lab the cluster was made by a worker that has gone.
        ...(site.kind === 'simulation' ? [await resetFinished(site, workflowIds.exclusive(site.name))] : []),
        await beginAgain(site, 'init', 'cp1'),
      ];
      for (const { end, progress } of runs) {
        expect(end.status).toBe('completed');
        expect(progress.steps.find(({ id }) => id === 'check')?.note).toMatch(/cp1 is a member already/);
        expect(progress.steps.find(({ id }) => id === 'init')?.state).toBe('skipped');
      }
      expect(await site.observer.read('cp1', '/etc/kubernetes/pki/ca.crt')).toBe(before);
      expect(await site.observer.files('cp1', '/var/log/quorate')).toEqual(logs);
      await expectAllJoined(site, { controlPlane: ['cp1'], workers: ['w1'] });
    },
  ),

  scenario(
    'R1: a finished join that is reset in Temporal while its Node is NotReady wipes nothing',
    { policy: { resetDirtyHosts: 'never' } },
    async (site) => {
      await site.finish('join-worker', 'w1');
      const uid = await nodeUid(site, 'w1');
      await onConsole(site, 'w1', 'systemctl stop kubelet');
      await eventually('it is NotReady', async () => !(await site.observer.readyNodes()).includes('w1'), 120_000);
      const { end } = await resetFinished(site, workflowIds.shared(site.name, 'join-worker', 'w1'));
      expect(end).toMatchObject({ status: 'failed', type: 'DirtyHost' });
      expect(await resetLogs(site, 'w1')).toEqual([]);
      expect(await nodeUid(site, 'w1')).toBe(uid);
      await onConsole(site, 'w1', 'systemctl start kubelet');
      await eventually('it is Ready', async () => (await site.observer.readyNodes()).includes('w1'), 120_000);
    },
  ),

  scenario(
    'R2: an init beside a living cluster whose hosts SSH does not reach is refused',
    { controlPlanes: 3, hosts: 3, inEveryLabRun: true },
    async (site) => {
      await site.host('cp1').rebuild();
      for (const host of ['cp2', 'cp3']) await site.faults.cutFrom('orchestrator', host);
      const outcome = await site.run('init', 'cp1');
      expectRefused(outcome, 'AlreadyInitialised', /an API server answers at .*(cp2|cp3).*: a new cluster on cp1/);
      expect(await site.observer.files('cp1', '/etc/kubernetes/pki')).toEqual([]);
    },
  ),

  scenario(
    'R2: peers that could not be asked keep an init from beginning until somebody answers for them',
    { controlPlanes: 3, hosts: 3, impatient: true },
    async (site) => {
      await site.host('cp1').rebuild();
      for (const host of ['cp2', 'cp3']) {
        await site.faults.cutFrom('orchestrator', host);
        await site.faults.partition('cp1', host);
      }
      // It knows of them, too.
      await onConsole(site, 'lb1', 'systemctl stop haproxy');
      const outcome = await site.run('init', 'cp1');
      const { choices, remedy } = expectBlocked(outcome, 'PeersUnreachable', /^cp2, cp3 could not be asked/);
      expect(choices).toContain('approve');
      expect(remedy).toMatch(/otherwise the endpoint sends its clients to an empty one/);
      expect(await site.observer.files('cp1', '/etc/kubernetes/pki')).toEqual([]);
      await site.faults.clear();
      await onConsole(site, 'lb1', 'systemctl start haproxy');
      // Asked again they answer, and an approval that comes too late approves nothing.
      expectRefused(await site.decide(outcome, 'approve'), 'AlreadyInitialised', /runs already on cp2, cp3/);
    },
  ),

  scenario(
    'R3: a host that became somebody else’s living cluster while its reset waited is left alone',
    { policy: { ...patient, resetDirtyHosts: 'approve' }, wrap: lostOnce('resetHost', 'w1') },
    async (site) => {
      await write(site, 'w1', '/etc/kubernetes/kubelet.conf', 'not a kubeconfig');
      const asked = await site.run('join-worker', 'w1');
      expectBlocked(asked, 'DirtyHost', /w1 still carries an earlier node/);
      const blocked = await site.decide(asked, 'approve');
      expectBlocked(blocked, 'Unreachable', /no connection to the host/);
      await onConsole(site, 'w1', 'rm /etc/kubernetes/kubelet.conf');
      await initByHand(site, 'w1');
      const files = await site.observer.files('w1', '/etc/kubernetes');
      const outcome = await site.decide(blocked, 'retry');
      expectBlocked(outcome, 'ForeignHost', /w1 belongs to cluster .* and is alive there/);
      expect(await resetLogs(site, 'w1')).toEqual([]);
      expect(await site.observer.files('w1', '/etc/kubernetes')).toEqual(files);
      expect(await site.observer.isServing('w1')).toBe(true);
    },
  ),

  scenario(
    'R4: a host that somebody joined while its operation waited is proven, not reset',
    {
      controlPlanes: 2,
      hosts: 3,
      policy: { ...patient, resetDirtyHosts: 'when-ours' },
      wrap: lostOnce('snapshotEtcd', 'cp3'),
    },
    async (site) => {
      // An earlier node of this cluster, of which the cluster knows nothing any more.
      await joinByHand(site, 'cp3');
      await onConsole(site, 'cp3', 'systemctl stop kubelet');
      await kubectl(site, 'cp1', 'delete node cp3');
      const blocked = await site.run('join-control-plane', 'cp3');
      expectBlocked(blocked, 'Unreachable', /no connection to the host/);
      await resetByHand(site, 'cp3');
      await joinControlPlaneByHand(site, 'cp3');
      await eventually('it is Ready', async () => (await site.observer.readyNodes()).includes('cp3'), 120_000);
      const member = (await site.observer.members()).find(({ name }) => name === 'cp3');
      const uid = await nodeUid(site, 'cp3');
      await site.decideAndFinish(blocked, 'retry');
      expect(await resetLogs(site, 'cp3')).toEqual([]);
      expect((await site.observer.members()).find(({ name }) => name === 'cp3')).toEqual(member);
      expect(await nodeUid(site, 'cp3')).toBe(uid);
    },
  ),

  scenario(
    'R5: the rollback of a host that was installed anew takes its voter and its Node out of the cluster',
    {
      controlPlanes: 2,
      hosts: 3,
      policy: patient,
      wrap: (activities) => ({
        ...activities,
        proveControlPlane: async (context) => {
          if (context.target.name !== 'cp3') return activities.proveControlPlane(context);
          throw ApplicationFailure.nonRetryable('the control plane of cp3 is not ready', 'ControlPlaneNotReady');
        },
      }),
    },
    async (site) => {
      const blocked = await site.run('join-control-plane', 'cp3');
      expectBlocked(blocked, 'ControlPlaneNotReady', /the control plane of cp3 is not ready/);
      expect((await site.observer.members()).map(({ name }) => name).toSorted()).toEqual(['cp1', 'cp2', 'cp3']);
      await site.host('cp3').rebuild();
      const outcome = await site.decide(blocked, 'rollback');
      expect(outcome).toMatchObject({ status: 'failed', type: 'RolledBack' });
      if (outcome.status === 'blocked') throw new Error('it is blocked');
      const note = outcome.progress.steps.find(({ id }) => id === 'join')?.note ?? '';
      expect(note).toMatch(
        /removed the etcd member cp3 .*deleted the Node cp3.*cp3 was not reset: it is another machine now/,
      );
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    },
  ),
];
