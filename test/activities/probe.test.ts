import { CancelledFailure } from '@temporalio/common';
import { beforeEach, describe, expect, test } from 'vitest';
import { guarded } from '../../activities/boundary.js';
import { probeActivities } from '../../activities/probe.js';
import type { ProbeKind } from '../../model/failures/failure-policy.js';
import type { OperationContext } from '../../model/operation.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { sectioned } from '../support/fake-host.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';

const external = { loadBalancer: { kind: 'external' as const } };
const context = operationContext(external);
const silent = (name: string) => {
  const { status: _, ...member } = etcdMember(name);
  return member;
};

let cluster: SimulatedCluster;
/** What the host's dials found, in their order; all others are not told. */
let dials: string[];
beforeEach(() => {
  dials = [];
  cluster = simulatedCluster([[/dialling/, () => [...dials, 'dialled 0', 'end', ''].join('\n')]]);
});

const probe = (kind: ProbeKind, host?: string, of: OperationContext = context): Promise<string> =>
  activityEnvironment().run(() =>
    guarded(probeActivities(cluster.dependencies).probeCause)(of, { kind, ...(host === undefined ? {} : { host }) }),
  );

describe.each<[ProbeKind, string, { gone: RegExp; breaks: [() => void, RegExp][]; host?: string }]>([
  [
    'host',
    'answers over SSH',
    { host: 'w1', gone: /^w1 answers again$/, breaks: [[() => cluster.down.add('w1'), /no connection to w1/]] },
  ],
  [
    'api',
    'is ready',
    {
      gone: /^the API server of cp1 is ready$/,
      breaks: [
        [
          () => {
            cluster.apiServers.set('cp1', 'silent');
            cluster.apiServers.set('cp2', 'not-ready');
          },
          /no API server of prod is ready/,
        ],
      ],
    },
  ],
  [
    'space',
    'has room',
    {
      gone: /^cp1 has room for a snapshot of etcd$/,
      breaks: [
        [
          () =>
            (cluster.instead = (_, { script }) =>
              script.includes('no_room')
                ? { code: 28, stdout: sectioned(script, { room: '1024 515 9 /x' }) }
                : undefined),
          /cp1 has 1 MiB free at \/x: .* wants 515 MiB/,
        ],
      ],
    },
  ],
  [
    'etcd',
    'leads and has a majority',
    {
      gone: /^etcd has a leader, 3 of 3 voters are healthy$/,
      breaks: [
        [() => (cluster.members = [etcdMember('cp1'), silent('cp2'), silent('cp3')]), /1 of 3 voters are healthy/],
        [() => (cluster.members = [silent('cp1'), etcdMember('cp2'), etcdMember('cp3')]), /none leads/],
      ],
    },
  ],
  [
    'endpoint',
    'leads to a ready API server',
    {
      gone: /^cp3 reaches a ready API server through 10\.203\.0\.10:6443$/,
      breaks: [
        [() => (cluster.endpoint = '000 0'), /nothing answers at 10\.203\.0\.10:6443/],
        [() => (cluster.endpoint = '503 0.1'), /\/readyz answers 503/],
        [
          () => dials.push('dial 0 1.0 1.1 connect: Connection refused'),
          /cp3 cannot reach 10\.203\.0\.10:6443: connection refused/,
        ],
      ],
    },
  ],
  [
    'load-balancer',
    'answers, and leads to a ready API server',
    { gone: /^cp3 reaches/, breaks: [[() => (cluster.endpoint = '000 0'), /nothing answers/]] },
  ],
  [
    'cluster',
    'is healthy',
    {
      gone: /^prod is healthy again$/,
      breaks: [
        [() => (cluster.leaseAgeMs = 60_000), /no kube-controller-manager leads/],
        [
          () => (cluster.members = [etcdMember('cp1'), etcdMember('cp2'), { ...etcdMember('cp4'), isLearner: true }]),
          /etcd holds a learner/,
        ],
      ],
    },
  ],
  [
    'quorum',
    'is safe without the member',
    {
      gone: /^the member may be removed/,
      breaks: [[() => (cluster.members = [etcdMember('cp1'), silent('cp2'), etcdMember('cp3')]), /\S/]],
    },
  ],
  [
    'node',
    'is Ready',
    {
      gone: /^Node cp3 is Ready$/,
      breaks: [
        [() => cluster.nodes.delete('cp3'), /Node cp3: there is none/],
        [
          () =>
            cluster.nodes.set('cp3', nodeFacts('cp3', { ready: false, notReadyBecause: 'KubeletNotReady: no CNI' })),
          /Node cp3: KubeletNotReady: no CNI/,
        ],
      ],
    },
  ],
  [
    'member',
    'is a healthy voter',
    {
      gone: /^the etcd member of cp3 is a healthy voter$/,
      breaks: [
        [() => (cluster.members = [etcdMember('cp1')]), /no healthy voter/],
        [() => (cluster.members = [etcdMember('cp1'), silent('cp3')]), /no healthy voter/],
        [() => (cluster.members = [etcdMember('cp1'), { ...etcdMember('cp3'), isLearner: true }]), /no healthy voter/],
      ],
    },
  ],
  [
    'own-api',
    'is ready',
    {
      gone: /^the API server of cp3 is ready$/,
      breaks: [[() => cluster.apiServers.set('cp3', 'not-ready'), /etcd failed/]],
    },
  ],
])('%s: %s', (kind, _, { gone, breaks, host }) => {
  test('is seen when it does', async () => {
    // The join of cp3 has not begun, but for the member that is to be removed.
    if (kind === 'cluster') cluster.members = cluster.members.filter(({ name }) => name !== 'cp3');
    expect(await probe(kind, host)).toMatch(gone);
  });

  test.each(breaks)('is tried again, with what is still wrong (%#)', async (breakIt, says) => {
    breakIt();
    await expect(probe(kind, host)).rejects.toMatchObject({
      type: 'CauseNotGone',
      nonRetryable: false,
      category: 'BENIGN',
      message: expect.stringMatching(says) as unknown,
    });
  });
});

test('changes nothing on any host', async () => {
  for (const kind of ['host', 'api', 'etcd', 'endpoint', 'quorum'] as const) await probe(kind);
  expect(cluster.events).toEqual([]);
});

test('before init there is no API server that could answer through the endpoint', async () => {
  cluster.endpoint = '000 0';
  expect(await probe('load-balancer', undefined, operationContext({ kind: 'init', ...external }))).toBe(
    'the load balancer answers again',
  );
});

test('a host that only the SSH configuration knows by that name is asked by it', async () => {
  expect(await probe('host', 'bastion')).toBe('bastion answers again');
});

test('a cancelled probe ends as cancelled', async () => {
  cluster.down.add('cp3');
  const environment = activityEnvironment();
  environment.cancel('CANCELLED');
  await expect(
    environment.run(() => guarded(probeActivities(cluster.dependencies).probeCause)(context, { kind: 'host' })),
  ).rejects.toBeInstanceOf(CancelledFailure);
});
