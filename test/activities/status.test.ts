import { beforeEach, describe, expect, test } from 'vitest';
import { statusActivities } from '../../activities/status.js';
import type { StatusReport } from '../../model/status/status.js';
import { etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';

const context = operationContext({ loadBalancer: { kind: 'external' } });
const dayMs = 24 * 60 * 60 * 1000;

let cluster: SimulatedCluster;
let daysLeft: number;
let caDaysLeft: number;
/** The same for each host that is asked. */
const now = Date.now();
const until = (days: number): string => new Date(now + (days + 0.5) * dayMs).toISOString();
beforeEach(() => {
  cluster = simulatedCluster();
  daysLeft = 300;
  caDaysLeft = 3_600;
  cluster.instead = (_, { script }) =>
    script.includes('check-expiration')
      ? JSON.stringify({
          certificates: [
            { name: 'apiserver', expirationDate: until(daysLeft) },
            { name: 'super-admin.conf', expirationDate: null, missing: true },
          ],
          certificateAuthorities: [
            { name: 'ca', expirationDate: '2046-11-20T06:20:32Z' },
            { name: 'etcd-ca', expirationDate: until(caDaysLeft), externallyManaged: true },
          ],
        })
      : undefined;
});
const readStatus = (): Promise<StatusReport> => statusActivities(cluster.dependencies).readStatus(context);

test('a healthy cluster has no problems, and everything that is known of it', async () => {
  const report = await readStatus();
  expect(report).toMatchObject({
    cluster: 'prod',
    askedAt: 'cp1',
    endpoint: { address: '10.203.0.10:6443', ok: true, ms: 4 },
    etcd: { voters: 3, quorum: 2, tolerates: 1, alarms: [] },
    problems: [],
  });
  expect(report.apiServers).toEqual([
    { host: 'cp1', address: '10.203.0.11', ready: true, version: 'v1.37.1' },
    { host: 'cp2', address: '10.203.0.12', ready: true },
    { host: 'cp3', address: '10.203.0.13', ready: true },
  ]);
  expect(report.etcd?.members.map(({ name, role, healthy, behind }) => [name, role, healthy, behind])).toEqual([
    ['cp1', 'leader', true, 0],
    ['cp2', 'voter', true, 0],
    ['cp3', 'voter', true, 0],
  ]);
  expect(report.certificates.map(({ host, name, daysLeft: days }) => [host, name, days])).toEqual([
    ['cp1', 'apiserver', 300],
    ['cp2', 'apiserver', 300],
    ['cp3', 'apiserver', 300],
  ]);
});

test('R24: the CAs are told of, host by host', async () => {
  const { certificateAuthorities } = await readStatus();
  expect(certificateAuthorities).toHaveLength(6);
  expect(certificateAuthorities.slice(0, 2)).toEqual([
    {
      host: 'cp1',
      name: 'ca',
      expiresAt: '2046-11-20T06:20:32.000Z',
      daysLeft: expect.any(Number),
      externallyManaged: false,
    },
    {
      host: 'cp1',
      name: 'etcd-ca',
      expiresAt: expect.stringMatching(/Z$/),
      daysLeft: 3_600,
      externallyManaged: true,
    },
  ]);
});

describe('a problem is told when', () => {
  const { status: _, ...dead } = etcdMember('cp3');
  const { name: _name, ...unnamed } = dead;
  test.each<[string, () => void, (string | RegExp)[]]>([
    [
      'an API server is not ready',
      () => cluster.apiServers.set('cp2', 'not-ready'),
      ['API server of cp2: not ready: etcd failed: reason withheld'],
    ],
    [
      'the endpoint does not answer',
      () => (cluster.endpoint = '503 0.1'),
      ['endpoint 10.203.0.10:6443: /readyz answers 503'],
    ],
    [
      'a member does not answer',
      () => (cluster.members = [etcdMember('cp1'), etcdMember('cp2'), dead]),
      ['etcd member cp3: does not answer', 'etcd tolerates the loss of no member'],
    ],
    [
      'a member has errors',
      () =>
        (cluster.members = [
          etcdMember('cp1'),
          etcdMember('cp2'),
          etcdMember('cp3', { status: { ...etcdMember('cp3').status!, errors: ['etcdserver: no leader'] } }),
        ]),
      ['etcd member cp3: etcdserver: no leader', 'etcd tolerates the loss of no member'],
    ],
    [
      'a learner is pending',
      () => (cluster.members = [etcdMember('cp1'), { ...unnamed, isLearner: true, clientUrls: [] }]),
      [/^etcd member .*: does not answer$/, /^etcd member \(never started, .* is a learner$/],
    ],
    [
      'a controller has lost its lease',
      () => (cluster.leaseAgeMs = 65_000),
      [/^kube-controller-manager: lease of cp1_.* not renewed for 65 s$/, /^kube-scheduler: lease/],
    ],
    [
      'a Node is not Ready',
      () => cluster.nodes.set('w1', nodeFacts('w1', { ready: false, notReadyBecause: 'NodeStatusUnknown: stopped' })),
      ['Node w1: NodeStatusUnknown: stopped'],
    ],
    [
      'certificates run out',
      () => (daysLeft = 29),
      ['cp1', 'cp2', 'cp3'].map(
        (name) =>
          `certificate apiserver of ${name} expires in 29 days: renew it with \`kubeadm certs renew apiserver\` on ${name}, then restart the static Pods there`,
      ),
    ],
    [
      'R24: a CA runs out, which all hosts share',
      () => {
        const info = {
          certificates: [],
          certificateAuthorities: [
            { name: 'ca', expirationDate: '2020-01-01T00:00:00Z' },
            { name: 'front-proxy-ca', expirationDate: until(89) },
          ],
        };
        const text = JSON.stringify(info);
        cluster.instead = (_, { script }) => (script.includes('check-expiration') ? text : undefined);
      },
      [
        'CA ca of cp1, cp2, cp3 has expired: `kubeadm certs renew` does not renew a CA; replace it by hand, see docs/cli.md, Certificates and CAs that expire',
        'CA front-proxy-ca of cp1, cp2, cp3 expires in 89 days: `kubeadm certs renew` does not renew a CA; replace it by hand, see docs/cli.md, Certificates and CAs that expire',
      ],
    ],
    [
      'R24: a CA runs out whose key is kept elsewhere',
      () => (caDaysLeft = 5),
      [
        /^CA etcd-ca of cp1, cp2, cp3 expires in 5 days: its key is not on the hosts; have it replaced where the key is kept, see docs/,
      ],
    ],
    ['a host cannot be reached', () => cluster.down.add('cp3'), [/^API server of cp3: .*no connection to cp3/]],
  ])('%s', async (_title, breakIt, problems) => {
    breakIt();
    expect((await readStatus()).problems).toEqual(
      problems.map((problem) => (typeof problem === 'string' ? problem : expect.stringMatching(problem))),
    );
  });
});

test('30 days are enough for a certificate, 90 for a CA, and 30 s for a lease', async () => {
  daysLeft = 30;
  caDaysLeft = 90;
  cluster.leaseAgeMs = 29_000;
  expect((await readStatus()).problems).toEqual([]);
});

test('how far a member is behind is told', async () => {
  const status = { ...etcdMember('cp2').status!, raftAppliedIndex: 11_900 };
  cluster.members = [etcdMember('cp1'), etcdMember('cp2', { status })];
  expect((await readStatus()).etcd?.members[1]).toMatchObject({ name: 'cp2', behind: 100, healthy: true });
});

test('one voter is not warned about: it tolerates nothing by design', async () => {
  cluster.members = [etcdMember('cp1')];
  expect((await readStatus()).problems).toEqual([]);
});

test('without an API server etcd is still told of, and that the rest is not known', async () => {
  for (const name of ['cp1', 'cp2', 'cp3']) cluster.apiServers.set(name, 'silent');
  const report = await readStatus();
  expect(report.askedAt).toBeUndefined();
  expect(report.etcd?.members).toHaveLength(3);
  expect(report.problems).toEqual([
    'API server of cp1: nothing listens on 6443',
    'API server of cp2: nothing listens on 6443',
    'API server of cp3: nothing listens on 6443',
    'no API server of prod is ready: Nodes and leases are not known',
  ]);
});

test('a cluster of which no host answers is a report too', async () => {
  cluster.down.add('cp1').add('cp2').add('cp3');
  const report = await readStatus();
  expect(report.endpoint).toMatchObject({ ok: false, because: expect.stringContaining('no connection to cp1') });
  expect(report.etcd).toBeUndefined();
  expect(report.problems).toHaveLength(5);
});

test('certificates that cannot be read leave the rest of the report, which says so', async () => {
  cluster.instead = (host, { script }) =>
    script.includes('check-expiration') ? (host === 'cp2' ? { code: 1 } : '{"certificates":[]}') : undefined;
  const report = await readStatus();
  expect(report.certificates).toEqual([]);
  expect(report.problems).toEqual([
    expect.stringMatching(/^certificates of cp2 could not be read: reading the expiry of certificates on cp2/),
  ]);
});
