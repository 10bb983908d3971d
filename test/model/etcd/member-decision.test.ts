import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EtcdMember } from '../../../model/facts/cluster-facts.js';
import {
  decideMember,
  isAtAddress,
  membersOfHost,
  peerUrlOf,
  type MemberQuestion,
} from '../../../model/etcd/member-decision.js';
import { dead, member, members, unstarted } from './etcd-members.js';

const host = { name: 'cp3', address: '10.203.0.13' };
const decide = (list: EtcdMember[], question: Partial<MemberQuestion> = {}): ReturnType<typeof decideMember> =>
  decideMember({ members: list, host, etcdDataPresent: false, sameCluster: true, ...question });

describe('peerUrlOf', () => {
  it('puts IPv6 in brackets', () => {
    expect(peerUrlOf('10.0.0.1')).toBe('https://10.0.0.1:2380');
    expect(peerUrlOf('fd00::1')).toBe('https://[fd00::1]:2380');
  });
});

describe('membersOfHost', () => {
  it('finds them by name and by address', () => {
    const list = [
      member(1),
      member(3, { peerUrls: ['https://10.203.0.77:2380'] }),
      member(4, { name: 'other', peerUrls: ['https://10.203.0.13:2380'] }),
    ];
    expect(membersOfHost(host, list).map(({ name }) => name)).toEqual(['cp3', 'other']);
  });
});

describe('R10: an address of IPv6, however it is spelt', () => {
  const six = { name: 'cp3', address: '2001:db8::3' };
  const spellings = ['2001:db8::3', '2001:DB8:0:0::3', '2001:0db8:0000:0000:0000:0000:0000:0003', '2001:db8::0.0.0.3'];
  // etcd keeps a peer URL as kubeadm gave it, which takes the address from the configuration as it stands there.
  const unstartedAt = (address: string): EtcdMember => ({
    id: 'a3',
    peerUrls: [`https://[${address}]:2380`],
    clientUrls: [],
    isLearner: true,
  });

  it.each(spellings)('%s: the member that never started is the host’s', (spelt) => {
    expect(membersOfHost(six, [unstartedAt(spelt)])).toHaveLength(1);
    expect(membersOfHost({ ...six, address: spelt }, [unstartedAt('2001:db8::3')])).toHaveLength(1);
    expect(isAtAddress(unstartedAt(spelt), '2001:db8::3')).toBe(true);
    expect(isAtAddress(unstartedAt(spelt), '2001:db8::33')).toBe(false);
    expect(decide([...members(2), unstartedAt(spelt)], { host: six })).toMatchObject({ kind: 'remove-stale-learner' });
  });

  it.each(spellings)('%s: its own running member is no other machine’s', (spelt) => {
    const running = member(3, { peerUrls: [`https://[${spelt}]:2380`] });
    expect(decide([...members(2), running], { host: six, etcdDataPresent: true })).toMatchObject({
      kind: 'already-joined',
    });
  });
});

describe('decideMember', () => {
  it.each([true, false])('no member, data %s: join', (etcdDataPresent) => {
    expect(decide(members(2), { etcdDataPresent })).toEqual({ kind: 'join' });
  });

  it('does not take 10.203.0.130 for 10.203.0.13', () => {
    const other = member(4, { peerUrls: ['https://10.203.0.130:2380'] });
    expect(decide([...members(2), other])).toEqual({ kind: 'join' });
  });

  it.each([true, false])('a learner that never started, data %s: remove it', (etcdDataPresent) => {
    const learner = unstarted(3, true);
    expect(decide([...members(2), learner], { etcdDataPresent })).toMatchObject({
      kind: 'remove-stale-learner',
      member: learner,
      projection: { allowed: true, text: 'voters stay 2, tolerates 0' },
    });
  });

  it('a learner that stopped: remove it', () => {
    expect(decide([...members(2), dead(3, { isLearner: true })])).toMatchObject({ kind: 'remove-stale-learner' });
  });

  it('a running learner of the host itself: remove it, as the lock says nobody else is joining it', () => {
    expect(decide([...members(2), member(3, { isLearner: true })], { etcdDataPresent: true })).toMatchObject({
      kind: 'remove-stale-learner',
    });
  });

  it.each([true, false])('a voter that never started, data %s: remove it, projected', (etcdDataPresent) => {
    expect(decide([...members(3).slice(0, 2), unstarted(3, false)], { etcdDataPresent })).toMatchObject({
      kind: 'remove-stale-voter',
      projection: { allowed: true, text: 'voters 3 → 2, tolerates 1 → 0 (healthy 2 of 3 → 2 of 2)' },
    });
  });

  it('a voter whose data is gone: remove it, projected', () => {
    expect(decide([...members(2), dead(3)])).toMatchObject({
      kind: 'remove-stale-voter',
      member: { id: 'a3' },
      projection: { allowed: true },
    });
  });

  it('hands on the refusal of the projection', () => {
    expect(decide([member(1), dead(2), dead(3)])).toMatchObject({
      kind: 'remove-stale-voter',
      projection: { allowed: false, reason: 'quorum-lost' },
    });
  });

  it.each([
    ['answers', member(3)],
    ['is down for the moment', dead(3)],
  ])('a voter with its data that %s: joined already', (_, voter) => {
    expect(decide([...members(2), voter], { etcdDataPresent: true })).toEqual({
      kind: 'already-joined',
      member: voter,
    });
  });

  it('a voter with data but no CA on the host cannot run again: remove it', () => {
    const question = { etcdDataPresent: true, sameCluster: undefined };
    expect(decide([...members(2), dead(3)], question)).toMatchObject({ kind: 'remove-stale-voter' });
    expect(decide(members(3), question)).toMatchObject({ kind: 'already-joined' });
  });

  it("a voter while the host's data is another cluster's: conflict", () => {
    expect(decide([...members(2), dead(3)], { etcdDataPresent: true, sameCluster: false })).toMatchObject({
      kind: 'conflict',
      because: 'etcd member cp3 (id a3) has the address of cp3, whose etcd data belongs to another cluster',
    });
  });

  it('a voter that answers although the host has no data: conflict', () => {
    expect(decide(members(3))).toMatchObject({
      kind: 'conflict',
      because: expect.stringContaining('another machine has its address') as string,
    });
  });

  it('a running member of our name elsewhere: conflict; a dead one: remove', () => {
    const elsewhere = { peerUrls: ['https://10.203.0.99:2380'] };
    expect(decide([...members(2), member(3, elsewhere)])).toMatchObject({
      kind: 'conflict',
      because:
        'etcd member cp3 (id a3) answers at https://10.203.0.99:2380, not at 10.203.0.13: another machine is called cp3',
    });
    expect(decide([...members(2), dead(3, elsewhere)])).toMatchObject({ kind: 'remove-stale-voter' });
  });

  it('a running member of another name at our address: conflict; a dead one: remove', () => {
    const renamed = { name: 'old3' };
    expect(decide([...members(2), member(3, renamed)], { etcdDataPresent: true })).toMatchObject({
      kind: 'conflict',
      because: 'the address 10.203.0.13 of cp3 belongs to the running etcd member old3 (id a3)',
    });
    for (const etcdDataPresent of [true, false])
      expect(decide([...members(2), dead(3, renamed)], { etcdDataPresent })).toMatchObject({
        kind: 'remove-stale-voter',
      });
  });

  it('speaks of one at a time: conflict, then learner, then voter, then joined', () => {
    const stale = dead(3, { id: 'b3', peerUrls: ['https://10.203.0.99:2380'] });
    const foreign = member(3, { id: 'c3', peerUrls: ['https://10.203.0.98:2380'] });
    const learner = { ...unstarted(3, true), id: 'd3' };
    const all = [member(1), member(3), stale, learner, foreign];
    const question = { etcdDataPresent: true };
    const kinds: string[] = [];
    for (const gone of [[], ['c3'], ['c3', 'd3'], ['c3', 'd3', 'b3']])
      kinds.push(
        decide(
          all.filter((one) => !gone.includes(one.id)),
          question,
        ).kind,
      );
    expect(kinds).toEqual(['conflict', 'remove-stale-learner', 'remove-stale-voter', 'already-joined']);
  });

  it('never decides to remove a running voter, and never a member that is not the host’s', () => {
    const shapes = [member, dead, (n: number) => unstarted(n, true), (n: number) => unstarted(n, false)];
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { maxLength: 5 }),
        fc.boolean(),
        fc.constantFrom(true, false, undefined),
        (kinds, etcdDataPresent, sameCluster) => {
          const list = kinds.map((kind, index) => shapes[kind]!(index + 1));
          const decision = decide(list, { etcdDataPresent, sameCluster });
          if (decision.kind === 'join') return;
          expect(decision.member.id).toBe('a3');
          if (decision.kind === 'remove-stale-voter') expect(decision.member.status).toBeUndefined();
        },
      ),
    );
  });
});
