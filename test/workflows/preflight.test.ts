import { describe, expect, test } from 'vitest';
import { failureClasses } from '../../model/failures/failure.js';
import type { FailureType } from '../../model/failures/failure.js';
import type { OperationContext } from '../../model/operation.js';
import type { OperationKind } from '../../model/operations.js';
import {
  clusterFacts,
  etcdMember,
  leftovers,
  nodeFacts,
  operationContext,
  otherCaHash,
  reachFacts,
} from '../support/facts.js';
import { changingActivities, readingActivities } from '../support/operation-steps.js';
import { answers, fails } from '../support/scripted-activities.js';
import type { ActivityName } from '../support/scripted-activities.js';
import { hostOf } from '../support/scripted-answers.js';
import type { World } from '../support/scripted-answers.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';
import { blocked, decide, ended, progressOf } from '../support/workflow-harness.js';

const harness = useHarness('preflight');

const other = { server: 'https://10.9.0.5:6443', caHash: otherCaHash };
const ofAnotherCluster = {
  kubeconfigs: [{ file: '/etc/kubernetes/kubelet.conf', ...other }],
  pkiCaHash: otherCaHash,
};

interface Case {
  readonly type: FailureType;
  readonly kind?: OperationKind;
  readonly policy?: Partial<OperationContext['policy']>;
  readonly world: (context: OperationContext) => Partial<World>;
  readonly message: RegExp;
}
const onHost = (context: OperationContext, facts: Parameters<typeof hostOf>[1]): Partial<World> => ({
  hosts: { [context.target.name]: hostOf(context, facts) },
});
const start = async ({ type, kind = 'join-control-plane', policy = {}, world }: Case) => {
  const context = operationContext({ kind, cluster: uniqueName(type), policy });
  const script = harness().script(context.cluster);
  const { hosts, ...others } = world(context);
  Object.assign(script.world, others);
  Object.assign(script.world.hosts, hosts);
  return { context, script, handle: await harness().start(context) };
};

const definitive: readonly Case[] = [
  {
    type: 'ForeignHost',
    world: (context) =>
      onHost(context, leftovers('other', { ...ofAnotherCluster, foreignServerAnswers: { [other.server]: true } })),
    message: /belongs to cluster https:\/\/10\.9\.0\.5:6443/,
  },
  {
    type: 'DirtyHost',
    policy: { resetDirtyHosts: 'never' },
    world: (context) => onHost(context, leftovers(context.cluster)),
    message: /cp3 still carries an earlier node/,
  },
  {
    type: 'PortInUse',
    world: (context) =>
      onHost(context, { listeners: [{ port: 10_250, process: 'nginx', pid: 811, unit: 'nginx.service' }] }),
    message: /port 10250 on cp3 is held by nginx/,
  },
  { type: 'HostUnsuitable', world: (context) => onHost(context, { swapOn: true }), message: /cp3 has swap on/ },
  { type: 'ClockSkew', world: (context) => onHost(context, { clockOffsetMs: -90_000 }), message: /90\.0 s behind/ },
  {
    type: 'VersionSkew',
    world: (context) => onHost(context, { versions: { kubeadm: 'v1.36.0', kubelet: 'v1.36.0', containerd: '2.1.4' } }),
    message: /kubeadm on cp3 is v1\.36\.0/,
  },
  {
    type: 'IdentityConflict',
    world: () => ({ cluster: clusterFacts({ nodes: [nodeFacts('cp1'), nodeFacts('cp3')] }) }),
    message: /Node cp3 exists and is Ready/,
  },
  {
    type: 'ClusterMismatch',
    world: () => ({ cluster: clusterFacts({ kubeadmConfigEndpoint: '10.0.0.1:6443' }) }),
    message: /kubeadm-config says 10\.0\.0\.1:6443/,
  },
  {
    type: 'NotInitialised',
    world: () => ({
      cluster: {
        controlPlane: ['cp1', 'cp2', 'cp3'].map((host) => ({ host, initialised: false, ready: false })),
        nodes: [],
        leases: [],
        backends: [],
      },
    }),
    message: /no control-plane host carries/,
  },
  {
    type: 'EndpointUnreachable',
    world: (context) => ({
      reach: reachFacts(context, { dials: [{ from: 'cp3', to: context.endpoint, port: 6_443, result: 'silent' }] }),
    }),
    message: /cp3 cannot reach 10\.203\.0\.10:6443/,
  },
  {
    type: 'StaleMember',
    policy: { removeStaleMembers: 'never' },
    world: () => ({ cluster: withStaleVoter() }),
    message: /etcd still holds the stale voter/,
  },
  {
    type: 'AlreadyInitialised',
    kind: 'init',
    world: () => ({ cluster: clusterFacts() }),
    message: /runs already on cp2/,
  },
  {
    type: 'HostUnsuitable',
    kind: 'join-worker',
    world: (context) => onHost(context, { swapOn: true }),
    message: /w2 has swap on/,
  },
];

const withStaleVoter = () => {
  const facts = clusterFacts();
  const members = ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name));
  delete members[2]?.status;
  return { ...facts, etcd: { askedAt: 'cp1', alarms: [], members } };
};

/** StaleMember is of the class that waits, the rest of these ends the operation. */
const waits = new Set<FailureType>(['StaleMember']);

describe.concurrent('a definitive finding ends the operation before anything was changed', () => {
  test.concurrent.for(definitive.filter(({ type }) => !waits.has(type)))('$type ($kind)', async (one) => {
    const { script, handle } = await start(one);
    const end = await ended(handle);
    expect(end).toMatchObject({
      status: 'failed',
      type: one.type,
      message: expect.stringMatching(one.message) as unknown,
    });
    expect(end.details).toMatchObject({ remedy: expect.stringMatching(/\S/) as unknown });
    expect(script.names().toSorted()).toEqual(readingActivities);
    const { outcome, summary, steps } = await progressOf(handle);
    expect(outcome).toBe('failed');
    expect(summary).toMatch(/\. Nothing was changed$/);
    expect(summary).toContain((end.details as { remedy: string }).remedy);
    expect(steps.filter(({ state }) => state !== 'pending').map(({ id, state }) => [id, state])).toEqual([
      ['read', 'done'],
      ['check', 'failed'],
    ]);
  });

  test('all fatal findings are told at once', async () => {
    const { handle } = await start({
      type: 'HostUnsuitable',
      world: (context) => onHost(context, { swapOn: true, clockOffsetMs: 90_000 }),
      message: /./,
    });
    const { details } = await ended(handle);
    expect((details as { evidence: string[] }).evidence.join('\n')).toMatch(/^ClockSkew: the clock of cp3/m);
  });

  test.concurrent.for([
    'HostKeyMismatch',
    'HostKeyUnknown',
    'AuthenticationFailed',
    'SudoRefused',
    'UnknownHost',
  ] as const)('%s while reading', async (type) => {
    const context = operationContext({ cluster: uniqueName(type) });
    const script = harness().script(context.cluster);
    script.on('readHost', fails(type, { remedy: 'do this' }));
    const handle = await harness().start(context);
    expect(await ended(handle)).toMatchObject({ status: 'failed', type, details: { remedy: 'do this', host: 'cp3' } });
    expect(script.names().toSorted()).toEqual(readingActivities);
  });

  test.for<ActivityName>(['readCluster', 'checkReach'])('a failure of %s counts as well', async (activity) => {
    const context = operationContext({ cluster: uniqueName('reading') });
    harness().script(context.cluster).on(activity, fails('HostKeyMismatch'));
    expect(await ended(await harness().start(context))).toMatchObject({ status: 'failed', type: 'HostKeyMismatch' });
  });
});

const waiting: readonly Case[] = [
  {
    type: 'EtcdUnhealthy',
    world: () => ({
      cluster: { ...clusterFacts(), etcd: { askedAt: 'cp1', alarms: ['NOSPACE'], members: [etcdMember('cp1')] } },
    }),
    message: /NOSPACE/,
  },
  {
    type: 'QuorumAtRisk',
    world: () => {
      const [cp1, cp2] = ['cp1', 'cp2'].map((name) => etcdMember(name));
      delete cp2?.status;
      return {
        cluster: clusterFacts({
          etcd: { askedAt: 'cp1', alarms: [], members: [cp1, cp2].filter((one) => one !== undefined) },
        }),
      };
    },
    message: /./,
  },
  {
    type: 'ControllerManagerNotLeading',
    world: () => ({ cluster: clusterFacts({ leases: [] }) }),
    message: /join tokens/,
  },
  {
    type: 'ControllerManagerNotLeading',
    kind: 'join-worker',
    world: () => ({ cluster: clusterFacts({ leases: [] }) }),
    message: /join tokens/,
  },
  {
    type: 'ApiUnavailable',
    world: () => {
      const { askedAt: _, ...facts } = clusterFacts({
        controlPlane: [{ host: 'cp1', initialised: true, ready: false }],
      });
      return { cluster: facts };
    },
    message: /no API server/,
  },
  {
    type: 'EtcdUnavailable',
    world: () => {
      const { etcd: _, ...facts } = clusterFacts();
      return { cluster: facts };
    },
    message: /could not be read/,
  },
  ...definitive.filter(({ type }) => waits.has(type)),
];

/** How often the world is read before the operation blocks: what may pass is looked at again. */
const readings = (type: FailureType): number =>
  failureClasses[type] === 'cluster-unhealthy' || failureClasses[type] === 'transient' ? 4 : 1;

describe.concurrent('a finding that may pass blocks the operation before anything was changed', () => {
  test.concurrent.for(waiting)('$type ($kind), and a retry reads anew', async (one) => {
    const { script, handle } = await start(one);
    const read = Array.from({ length: readings(one.type) }, () => readingActivities).flat();
    const reason = await blocked(handle);
    expect(reason).toMatchObject({ type: one.type, step: 'check', choices: ['retry', 'abort'] });
    expect(reason.message).toMatch(one.message);
    expect(reason.remedy).toMatch(/\S/);
    expect(script.names().toSorted()).toEqual(read.toSorted());

    delete script.world.cluster; // it is healthy again
    await decide(handle, 'retry');
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect(
      script
        .names()
        .slice(read.length, read.length + 3)
        .toSorted(),
    ).toEqual(readingActivities);
    expect(script.names().slice(read.length + 3)).toEqual(changingActivities(one.kind ?? 'join-control-plane'));
    expect(script.callsOf('runKubeadm')[0]?.args[0]).toMatchObject({ round: readings(one.type) });
  });

  test('an unhealthy cluster that recovers meanwhile is not noticed by the operation', async () => {
    const [one] = waiting;
    if (one === undefined) throw new Error('no case');
    const { script, handle } = await start(one);
    const unhealthy = script.world.cluster ?? clusterFacts();
    delete script.world.cluster;
    script.on('readCluster', answers(unhealthy), answers(unhealthy));
    expect(await ended(handle)).toMatchObject({ status: 'completed' });
    expect((await progressOf(handle)).decisions).toEqual([]);
    expect(script.callsOf('readCluster')).toHaveLength(3);
  });

  test('abort: nothing was changed, and it says so', async () => {
    const { script, handle } = await start(waiting[0] as Case);
    await blocked(handle);
    await decide(handle, 'abort');
    expect(await ended(handle)).toMatchObject({
      status: 'failed',
      type: 'Aborted',
      message: 'aborted by ann@desk while blocked by EtcdUnhealthy; nothing was changed',
    });
    expect(new Set(script.names())).toEqual(new Set(readingActivities));
    expect((await progressOf(handle)).outcome).toBe('aborted');
  });
});
