import { describe, expect, test } from 'vitest';
import type { OperationView } from '../../api/client/operation-view.js';
import { blockedText } from '../../cli/format/blocked.js';
import { endText, operationLines } from '../../cli/format/operation.js';
import { operationsTable } from '../../cli/format/operations-table.js';
import { statusText } from '../../cli/format/status.js';
import { bytes, clip, duration, printable, table } from '../../cli/format/text.js';
import type { OperationProgress } from '../../model/progress.js';
import { StatusReport } from '../../model/status/status.js';

const now = Date.parse('2026-11-23T13:53:00Z');
const at = (time: string): string => `2026-11-23T${time}.000Z`;

const progress: OperationProgress = {
  revision: 1,
  operation: 'prod/join-worker/w2/1f00aa11',
  kind: 'join-worker',
  cluster: 'prod',
  host: 'w2',
  by: 'ann@desk',
  steps: [
    { id: 'read', title: 'read the host and the cluster', state: 'done', since: at('13:52:02'), note: 'w2 is empty' },
    { id: 'reset', title: 'reset the host', state: 'skipped', since: at('13:52:03') },
    { id: 'join', title: 'kubeadm join', state: 'running', since: at('13:52:10') },
    { id: 'prove', title: 'prove that it joined', state: 'pending' },
  ],
  plan: [],
  decisions: [],
};
const view = (
  change: Partial<OperationProgress> = {},
  state: OperationView['summary']['state'] = 'running',
): OperationView => ({
  summary: {
    operation: progress.operation,
    cluster: 'prod',
    kind: 'join-worker',
    host: 'w2',
    state,
    since: at('13:52:00'),
    workflowId: 'op/prod/join-worker/w2',
    runId: 'r1',
  },
  progress: { ...progress, ...change },
});

describe('an operation', () => {
  test('as a block: what is done, what runs and since when, what the host printed', () => {
    const activity = { type: 'runKubeadm', attempt: 1, lastLine: '[kubelet-start] Waiting for the \x1b[31mkubelet' };
    expect(operationLines({ ...view(), activity }, { now }).join('\n')).toMatchInlineSnapshot(`
      "join w2 as a worker of prod (prod/join-worker/w2/1f00aa11)
        ✓ read the host and the cluster: w2 is empty
        - reset the host
        ● kubeadm join (50s)
            w2 printed: [kubelet-start] Waiting for the kubelet
        · prove that it joined"
    `);
  });

  test('cut to the width of the terminal, with colours that take no width', () => {
    const lines = operationLines(view(), { now, columns: 24, colour: true });
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "join w2 as a worker of …
        [32m✓[0m read the host and t…
        - reset the host
        [36m●[0m kubeadm join (50s)
        · prove that it joined"
    `);
  });

  test('says when it is tried again, and why', () => {
    const activity = { type: 'readHost', attempt: 3, lastFailure: 'w2: connection refused' };
    expect(operationLines({ ...view(), activity }, { now }).at(-1)).toBe(
      '  attempt 3 of readHost; before: w2: connection refused',
    );
    expect(operationLines({ ...view(), outage: 'no worker answers' }, { now }).at(-1)).toBe(
      '  no worker answers; the operation is not affected, watching goes on',
    );
  });

  test('blocked: reason, evidence, remedy and the exact commands', () => {
    const blocked = {
      type: 'DirtyHost' as const,
      step: 'reset',
      message: 'w2 still carries a node of another cluster',
      remedy: 'approve the reset if nothing on w2 is needed',
      evidence: ['kubelet.conf points to https://10.9.0.5:6443', '34 iptables rules'],
      choices: ['approve' as const, 'retry' as const, 'abort' as const],
      consequences: {
        approve: 'resets w2 and joins it',
        retry: 'reads the world again',
        abort: 'ends the operation; nothing was changed',
      },
      since: at('13:52:10'),
    };
    expect(blockedText(view({ blocked }, 'blocked'))).toMatchInlineSnapshot(`
      "Blocked: DirtyHost
        w2 still carries a node of another cluster
        | kubelet.conf points to https://10.9.0.5:6443
        | 34 iptables rules
      What to do: approve the reset if nothing on w2 is needed
      Then one of:
        quorate decide prod/join-worker/w2/1f00aa11 approve  # resets w2 and joins it
        quorate decide prod/join-worker/w2/1f00aa11 retry    # reads the world again
        quorate decide prod/join-worker/w2/1f00aa11 abort    # ends the operation; nothing was changed
      Runbook: docs/runbook.md, DirtyHost
      "
    `);
    const { progress: _none, ...without } = view({}, 'blocked');
    expect(blockedText({ ...without, summary: { ...without.summary, blockedReason: 'DirtyHost' } })).toContain(
      'Blocked by DirtyHost; details need a worker',
    );
  });

  test('ended: one line on how', () => {
    expect(endText(view({ summary: 'w2 is a worker of prod' }, 'finished'))).toBe('Done: w2 is a worker of prod\n');
    expect(endText(view({ summary: 'rolled back by ann; undone: join' }, 'rolled-back'))).toBe(
      'Rolled back: rolled back by ann; undone: join\n',
    );
    expect(endText(view({}, 'terminated'))).toBe('Terminated from outside, nothing was undone\n');
  });
});

test('a list of operations', () => {
  const { summary } = view();
  expect(
    operationsTable(
      [
        {
          ...summary,
          operation: 'prod/join-control-plane/cp3/aa',
          state: 'waiting',
          kind: 'join-control-plane',
          waitsFor: 'prod/join-control-plane/cp2/cc (holds the membership lock or is before it)',
        },
        {
          ...summary,
          operation: 'prod/join-control-plane/cp2/cc',
          kind: 'join-control-plane',
          state: 'blocked',
          holdsLock: true,
          blockedReason: 'EtcdUnhealthy',
          blockedSince: at('13:52:30'),
        },
        { ...summary, state: 'blocked', phase: 'reset', blockedReason: 'DirtyHost', by: 'ann@desk' },
        {
          ...summary,
          operation: 'prod/init/cp1/bb',
          state: 'finished',
          since: at('13:40:00'),
          endedAt: at('13:43:05'),
        },
      ],
      now,
    ),
  ).toMatchInlineSnapshot(`
    "OPERATION                       STATE     LOCK   BEGAN        TOOK    BY        STEP OR REASON
    prod/join-control-plane/cp3/aa  waiting   waits  1m 00s ago                     for prod/join-control-plane/cp2/cc (holds the membership lock or is before it)
    prod/join-control-plane/cp2/cc  blocked   holds  1m 00s ago                     EtcdUnhealthy for 30s
    prod/join-worker/w2/1f00aa11    blocked          1m 00s ago           ann@desk  DirtyHost
    prod/init/cp1/bb                finished         13m 00s ago  3m 05s
    "
  `);
});

const report = StatusReport.parse({
  cluster: 'prod',
  at: at('13:53:00'),
  askedAt: 'cp1',
  apiServers: [
    { host: 'cp1', address: '10.203.0.11', ready: true, version: 'v1.37.1' },
    { host: 'cp2', address: '10.203.0.12', ready: false, because: 'readyz: etcd failed' },
  ],
  endpoint: { address: '10.203.0.10:6443', ok: true, ms: 12 },
  backends: [{ loadBalancer: 'lb1', name: 'cp1', address: '10.203.0.11:6443', status: 'UP', lastCheck: 'L7OK 200' }],
  etcd: {
    members: [
      {
        name: 'cp1',
        id: '8e9e05c52164694d',
        role: 'leader',
        healthy: true,
        behind: 0,
        dbSizeBytes: 3_145_728,
        version: '3.6.4',
      },
      { id: 'fd422379fda50e48', role: 'unstarted', healthy: false, because: 'never started' },
    ],
    alarms: [],
    voters: 2,
    quorum: 2,
    tolerates: 0,
  },
  leases: [{ name: 'kube-scheduler', holder: 'cp1_1f', ageSeconds: 1.4 }],
  nodes: [],
  certificates: [
    { host: 'cp1', name: 'admin.conf', expiresAt: '2027-11-23T00:00:00Z', daysLeft: 365 },
    { host: 'cp1', name: 'apiserver', expiresAt: '2026-11-20T00:00:00Z', daysLeft: -3 },
  ],
  certificateAuthorities: ['cp1', 'cp2'].flatMap((host) => [
    { host, name: 'ca', expiresAt: '2036-11-20T00:00:00Z', daysLeft: 3650, externallyManaged: false },
    {
      host,
      name: 'etcd-ca',
      expiresAt: `203${host === 'cp1' ? 6 : 7}-11-20T00:00:00Z`,
      daysLeft: 3650,
      externallyManaged: true,
    },
  ]),
  problems: ['the API server of cp2 is not ready: readyz: etcd failed'],
});

test('the status of a cluster', () => {
  expect(statusText(report)).toMatchInlineSnapshot(`
    "Cluster prod at 2026-11-23T13:53:00.000Z, asked at cp1
    Problems:
      ✗ the API server of cp2 is not ready: readyz: etcd failed

    Endpoint 10.203.0.10:6443: ok in 12ms

    API servers
      HOST  ADDRESS      READY  VERSION  WHY NOT
      cp1   10.203.0.11  yes    v1.37.1
      cp2   10.203.0.12  no              readyz: etcd failed

    Load balancer
      LOAD BALANCER  BACKEND  ADDRESS           STATUS  LAST CHECK
      lb1            cp1      10.203.0.11:6443  UP      L7OK 200

    etcd: 2 voters, majority 2, tolerates the loss of none
      MEMBER           ID                ROLE       HEALTH         BEHIND  SIZE     VERSION
      cp1              8e9e05c52164694d  leader     healthy        0       3.0 MiB  3.6.4
      (never started)  fd422379fda50e48  unstarted  never started

    Leases
      LEASE           HOLDER  RENEWED
      kube-scheduler  cp1_1f  1s ago

    Certificates that end first
      HOST  CERTIFICATE  UNTIL       LEFT
      cp1   apiserver    2026-11-20  expired

    Certificate authorities
      CA       HOSTS     UNTIL       LEFT       KEY
      ca       cp1, cp2  2036-11-20  3650 days  on the hosts
      etcd-ca  cp1       2036-11-20  3650 days  elsewhere
      etcd-ca  cp2       2037-11-20  3650 days  elsewhere
    "
  `);
  expect(statusText({ ...report, problems: [] })).toContain('No problems found.');
});

describe('text', () => {
  test.each([
    [0, '0ms'],
    [999, '999ms'],
    [59_999, '59s'],
    [185_000, '3m 05s'],
    [7_800_000, '2h 10m'],
    [442_800_000, '5d 3h'],
  ])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

  test('is cut by columns, and what a host printed cannot move the cursor', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdef', 5)).toBe('abcd…');
    expect(printable('a\x1b[2Jb\x07\u009bc\td\ne\x1b]0;t')).toBe(String.raw`ab\u0007\u009bc d e\u001b]0;t`);
    expect(bytes(2_048)).toBe('2 KiB');
    expect(
      table([
        ['A', 'B'],
        ['long', ''],
      ]),
    ).toBe('A     B\nlong\n');
  });
});
