import { expect, test } from 'vitest';
import type { StatusReport } from '../../../model/status/status.js';
import { certificateProblems } from '../../../model/status/certificates.js';
import { memberStatus } from '../../../model/status/members.js';
import { problemsOf } from '../../../model/status/problems.js';
import { clusterFacts, etcdMember, operationContext, statusReport } from '../../support/facts.js';

const noCertificates = { certificates: [], certificateAuthorities: [], unread: [] };
const problems = (change: Partial<StatusReport>, facts = clusterFacts()): string[] =>
  problemsOf(operationContext(), facts, { ...statusReport('prod'), ...change }, noCertificates);

test('a report of a healthy cluster has none', () => {
  expect(problems({})).toEqual([]);
});

test('a backend that is not UP is told with what its last check says', () => {
  const backend = { name: 'cp2', loadBalancer: 'lb1', status: 'DOWN', lastCheck: 'L4CON', address: '10.203.0.12:6443' };
  expect(problems({ backends: [backend] })).toEqual(['backend cp2 on lb1 is DOWN (L4CON)']);
});

test('an alarm of etcd is told', () => {
  const etcd = { members: [], alarms: ['NOSPACE on cp1'], voters: 3, quorum: 2, tolerates: 1 };
  expect(problems({ etcd })).toEqual(['etcd alarm: NOSPACE on cp1']);
});

test('members by role: one that never started has none, one without an answer is not healthy', () => {
  const { status: _, ...dead } = etcdMember('cp2');
  const { name: _name, ...unstarted } = dead;
  const members = [etcdMember('cp1'), dead, unstarted, { ...etcdMember('cp4'), isLearner: true }];
  const facts = clusterFacts({ etcd: { members, askedAt: 'cp1', alarms: [] } });
  expect(memberStatus(facts).map(({ role, healthy, because }) => [role, healthy, because])).toEqual([
    ['leader', true, undefined],
    ['voter', false, 'does not answer'],
    ['unstarted', false, 'does not answer'],
    ['learner', true, undefined],
  ]);
});

test('a certificate whose key is elsewhere cannot be renewed by kubeadm', () => {
  const certificate = { host: 'cp1', expiresAt: '2026-01-01T00:00:00.000Z', externallyManaged: false };
  const certificates = [
    { ...certificate, name: 'admin.conf', daysLeft: 1 },
    { ...certificate, name: 'apiserver', daysLeft: -1, externallyManaged: true },
    { ...certificate, name: 'front-proxy-client', daysLeft: 30 },
  ];
  expect(
    certificateProblems({ ...noCertificates, certificates, unread: ['certificates of cp2 could not be read'] }),
  ).toEqual([
    'certificate admin.conf of cp1 expires in 1 day: renew it with `kubeadm certs renew admin.conf` on cp1',
    'certificate apiserver of cp1 has expired: the key of its CA is not on the host; have a new one issued where that is kept',
    'certificates of cp2 could not be read',
  ]);
});
