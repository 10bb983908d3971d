import { expect, test } from 'vitest';
import type { EtcdMember } from '../../../model/facts/cluster-facts.js';
import { lostQuorum } from '../../../model/failures/lost-quorum.js';
import { etcdMember } from '../../support/facts.js';

const silent = (name: string): EtcdMember => {
  const { status: _, ...member } = etcdMember(name);
  return member;
};
const lost = (...members: EtcdMember[]) => lostQuorum({ cluster: 'prod' }, { members, askedAt: 'cp1', alarms: [] });

test('a majority of the voters answers, or no etcd was asked: nothing is lost', () => {
  expect(lost(etcdMember('cp1'))).toBeUndefined();
  expect(lost(etcdMember('cp1'), etcdMember('cp2'), silent('cp3'))).toBeUndefined();
  expect(lostQuorum({ cluster: 'prod' }, undefined)).toBeUndefined();
});

test('a learner has no vote', () => {
  expect(lost(etcdMember('cp1'), { ...silent('cp2'), isLearner: true })).toBeUndefined();
});

test('a majority is silent: the failure counts the votes and names who is to come back', () => {
  const failure = lost(etcdMember('cp1'), silent('cp2'), silent('cp3'), silent('cp4'));
  expect(failure).toMatchObject({
    type: 'QuorumAtRisk',
    message: 'etcd of prod has lost quorum: 1 of 4 voters answer, 3 are needed; no change is possible',
  });
  expect(failure?.details.remedy).toMatch(/^bring cp2 .*, cp3 .*, cp4 .* back, then retry; .* a snapshot on cp1$/);
  expect(failure?.details.evidence).toHaveLength(4);
});
