import { describe, expect, it } from 'vitest';
import type { ClusterFacts } from '../../../model/facts/cluster-facts.js';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import type { OperationContext } from '../../../model/operation.js';
import { caHash, clusterFacts, etcdMember, operationContext } from '../../support/facts.js';
import { check, joinWorker, texts, verdicts, world } from './world.js';

type Member = NonNullable<ClusterFacts['etcd']>['members'][number];

const down = (name: string, changes: Partial<Member> = {}): Member => {
  const { status: _, ...rest } = etcdMember(name, changes);
  return rest;
};
const unstarted = (name: string, isLearner: boolean): Member => {
  const { name: _, ...rest } = down(name, { isLearner, clientUrls: [] });
  return rest;
};
const healthy = (...names: string[]): Member[] => names.map((name) => etcdMember(name));
const withMembers = (
  members: Member[],
  context: OperationContext = operationContext(),
  host: Partial<HostFacts> = {},
) => world(context, host, { etcd: { askedAt: 'cp1', alarms: [], members } });
const stale = (removeStaleMembers: 'never' | 'approve' | 'when-safe') =>
  operationContext({ policy: { removeStaleMembers } });

describe('the members of others', () => {
  it.each([['cp1'], ['cp1,cp2'], ['cp1,cp2,cp4,cp5']])('%s healthy: go on', (names) => {
    expect(verdicts(withMembers(healthy(...names.split(','))))).toEqual([]);
  });

  it('one that is down and declared: bring it back', () => {
    const one = withMembers([...healthy('cp1', 'cp4'), down('cp2')]);
    expect(verdicts(one)).toEqual(['fatal EtcdUnhealthy']);
    expect(texts(one)[0]).toMatch(
      /^etcd member cp2 \(id \w+\) is down; etcd takes no new member while a voter is away \| bring etcd on cp2 back/,
    );
  });

  it('one that answers with errors', () => {
    const sick = etcdMember('cp2');
    sick.status!.errors = ['etcdserver: no leader'];
    expect(texts(withMembers([...healthy('cp1', 'cp4'), sick]))[0]).toContain('reports etcdserver: no leader');
  });

  it('one that is down and not declared: stale, with the projection of its removal', () => {
    const one = withMembers([...healthy('cp1', 'cp2'), down('old', { id: 'abc' })]);
    expect(verdicts(one)).toEqual(['fatal StaleMember']);
    expect(texts(one)[0]).toContain(
      '`etcdctl member remove abc` (voters 3 → 2, tolerates 1 → 0 (healthy 2 of 3 → 2 of 2))',
    );
  });

  it.each([true, false])('one that never started, learner %s: it blocks every join', (isLearner) => {
    const one = withMembers([...healthy('cp1', 'cp2', 'cp4'), unstarted('old', isLearner)]);
    expect(verdicts(one)).toEqual(['fatal EtcdUnhealthy']);
    expect(texts(one)[0]).toContain(
      'belongs to no running operation; it blocks every join | remove it: `etcdctl member remove',
    );
  });

  it('a learner of a host of the specification may be the work of an operation that runs: it is not to be removed', () => {
    const one = withMembers([...healthy('cp1', 'cp4'), unstarted('cp2', true)]);
    expect(verdicts(one)).toEqual(['fatal EtcdUnhealthy']);
    expect(texts(one)[0]).toMatch(/of cp2, whose join has not ended; .* \| let the operation on cp2 end/);
    expect(texts(one)[0]).not.toContain('member remove');
  });

  it('quorum lost says so once', () => {
    const one = withMembers([etcdMember('cp1'), down('cp2'), down('cp4')]);
    expect(verdicts(one)).toEqual(['fatal QuorumAtRisk']);
    expect(texts(one)[0]).toContain('etcd has lost quorum: 1 of 3 voters healthy, 2 needed');
  });

  it('lists every member as evidence', () => {
    expect(check(withMembers([...healthy('cp1', 'cp4'), down('cp2')]))[0]?.evidence).toEqual([
      expect.stringMatching(/^cp1 \(id \w+\) https:\/\/10\.203\.0\.11:2380: voter, healthy$/),
      expect.stringContaining('cp4'),
      expect.stringMatching(/^cp2 .*: voter, does not answer$/),
    ]);
  });
});

describe('the host’s own member', () => {
  const withStale = (removeStaleMembers: 'never' | 'approve' | 'when-safe') =>
    withMembers([...healthy('cp1', 'cp2'), down('cp3')], stale(removeStaleMembers));

  it.each([
    ['when-safe', []],
    ['approve', ['approval StaleMember']],
    ['never', ['fatal StaleMember']],
  ] as const)('a stale voter by policy %s', (removal, expected) => {
    expect(verdicts(withStale(removal))).toEqual(expected);
  });

  it('shows the arithmetic to who approves', () => {
    expect(texts(withStale('approve'))[0]).toMatch(
      /^etcd still holds the stale voter cp3 \(id \w+\) of cp3 \| approve its removal: voters 3 → 2, tolerates 1 → 0/,
    );
  });

  it.each([
    ['when-safe', []],
    ['approve', ['approval StaleMember']],
    ['never', ['fatal StaleMember']],
  ] as const)('a stale learner by policy %s', (removal, expected) => {
    expect(verdicts(withMembers([...healthy('cp1', 'cp2'), unstarted('cp3', true)], stale(removal)))).toEqual(expected);
  });

  it('is not removed from a cluster that has no quorum, whatever the policy', () => {
    const one = withMembers([etcdMember('cp1'), down('cp3')]);
    expect(verdicts(one)).toEqual(['fatal QuorumAtRisk']);
    expect(texts(one)[0]).toContain('and it cannot be removed: etcd has lost quorum: 1 of 2 voters healthy');
  });

  it('is not removed while another learner is pending, and names the learner too', () => {
    expect(verdicts(withMembers([...healthy('cp1', 'cp2'), down('cp3'), unstarted('old', true)]))).toEqual([
      'fatal EtcdUnhealthy',
      'fatal EtcdUnhealthy',
    ]);
  });

  it('can be removed while another voter is down, but the join then waits for that one', () => {
    const one = withMembers([...healthy('cp1', 'cp4', 'cp5'), down('cp2'), down('cp3')]);
    expect(verdicts(one)).toEqual(['fatal EtcdUnhealthy']);
    expect(texts(one)[0]).toContain('etcd member cp2');
  });

  it('that answers elsewhere is a conflict', () => {
    const one = withMembers([...healthy('cp1', 'cp2'), etcdMember('cp3', { peerUrls: ['https://10.203.0.99:2380'] })]);
    expect(verdicts(one)).toEqual(['fatal IdentityConflict']);
    expect(texts(one)[0]).toContain('another machine is called cp3');
  });

  it('with its data and this CA is no finding at all', () => {
    const host = { pkiCaHash: caHash, etcdDataPresent: true };
    expect(verdicts(withMembers(healthy('cp1', 'cp2', 'cp3'), operationContext(), host))).toEqual([]);
  });
});

describe('a member list that could not be read', () => {
  const unread = (context: OperationContext) => {
    const { etcd: _, ...cluster } = clusterFacts();
    return { ...world(context), cluster };
  };

  it('stops a control-plane join', () =>
    expect(verdicts(unread(operationContext()))).toEqual(['fatal EtcdUnavailable']));

  it('does not stop a worker', () => expect(verdicts(unread(joinWorker()))).toEqual([]));
});

describe('a worker', () => {
  it('joins whatever the members look like', () => {
    expect(verdicts(withMembers([...healthy('cp1', 'cp4'), down('cp2')], joinWorker()))).toEqual([]);
  });
});
