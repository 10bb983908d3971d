import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHealthyVoter, type EtcdMember } from '../../../model/facts/cluster-facts.js';
import {
  memberLabel,
  projectAddition,
  projectRemoval,
  quorumOf,
  quorumState,
  tolerates,
} from '../../../model/etcd/quorum.js';
import { dead, member, members, unstarted } from './etcd-members.js';

const silentLearner = (n: number): EtcdMember => dead(n, { isLearner: true });
const errs = (n: number): EtcdMember => {
  const whole = member(n);
  return member(n, { status: { ...whole.status!, errors: ['etcdserver: no leader'] } });
};

describe('arithmetic', () => {
  it.each([
    [1, 1, 0],
    [2, 2, 0],
    [3, 2, 1],
    [4, 3, 1],
    [5, 3, 2],
    [7, 4, 3],
  ])('%i voters: quorum %i, %i may fail', (voters, quorum, mayFail) => {
    expect(quorumOf(voters)).toBe(quorum);
    expect(tolerates(voters)).toBe(mayFail);
  });

  it('never tolerates less than nothing', () => expect(tolerates(0)).toBe(0));

  it('two halves of a cluster never both have a quorum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (voters) => {
        expect(2 * quorumOf(voters)).toBeGreaterThan(voters);
        expect(quorumOf(voters) + tolerates(voters)).toBe(voters);
      }),
    );
  });
});

describe('quorumState', () => {
  it('counts voters, healthy or not, started or not, and no learners', () => {
    expect(quorumState([member(1), dead(2), errs(3), unstarted(4, false), silentLearner(5)])).toEqual({
      voters: 4,
      healthy: 1,
      quorum: 3,
      tolerates: 1,
    });
  });
});

describe('memberLabel', () => {
  it('names a member, and one without a name by its URL', () => {
    expect(memberLabel(member(3))).toBe('cp3 (id a3)');
    expect(memberLabel(unstarted(3, true))).toBe('(never started, id a3, https://10.203.0.13:2380)');
    expect(memberLabel({ ...unstarted(3, true), peerUrls: [] })).toBe('(never started, id a3, no peer URL)');
  });

  it('takes an empty name for none', () => {
    expect(memberLabel(member(3, { name: '' }))).toContain('never started');
  });
});

describe('projectRemoval', () => {
  it('lets one of three healthy voters go', () => {
    expect(projectRemoval(members(3), 'a2')).toEqual({
      allowed: true,
      before: { voters: 3, healthy: 3, quorum: 2, tolerates: 1 },
      after: { voters: 2, healthy: 2, quorum: 2, tolerates: 0 },
      text: 'voters 3 → 2, tolerates 1 → 0',
    });
  });

  it('lets the dead one of three go, and says how many are healthy', () => {
    const projection = projectRemoval([member(1), member(2), dead(3)], 'a3');
    expect(projection).toMatchObject({ allowed: true, after: { voters: 2, healthy: 2 } });
    expect(projection.text).toBe('voters 3 → 2, tolerates 1 → 0 (healthy 2 of 3 → 2 of 2)');
  });

  it('lets a member go that is in the list but answers with errors', () => {
    expect(projectRemoval([member(1), member(2), errs(3)], 'a3')).toMatchObject({ allowed: true });
  });

  it('refuses a live one of three while another is down', () => {
    const projection = projectRemoval([member(1), member(2), dead(3)], 'a2');
    expect(projection).toMatchObject({
      allowed: false,
      reason: 'quorum-at-risk',
      because: 'removing cp2 (id a2) would leave 1 of 2 voters healthy, 2 needed',
      after: { voters: 2, healthy: 1 },
    });
  });

  it('refuses when quorum is lost already, even for the dead one: the removal could not be agreed on', () => {
    expect(projectRemoval([member(1), dead(2)], 'a2')).toMatchObject({
      allowed: false,
      reason: 'quorum-lost',
      because:
        'etcd has lost quorum: 1 of 2 voters healthy, 2 needed; no change is possible until cp2 (id a2) is back, or a restore is confirmed',
    });
    const two = projectRemoval([member(1), member(2), dead(3), dead(4)], 'a4');
    expect(two).toMatchObject({ allowed: false, reason: 'quorum-lost' });
    expect(two.allowed ? '' : two.because).toContain('cp3 (id a3) and cp4 (id a4) are back');
  });

  it('lets two of five go one after the other, and stops at the third', () => {
    const start = [member(1), member(2), member(3), dead(4), dead(5)];
    const first = projectRemoval(start, 'a5');
    expect(first).toMatchObject({ allowed: true, after: { voters: 4, healthy: 3, quorum: 3 } });
    const second = projectRemoval(start.slice(0, 4), 'a4');
    expect(second).toMatchObject({ allowed: true, after: { voters: 3, healthy: 3, quorum: 2 } });
    expect(projectRemoval([member(1), member(2), dead(3)], 'a1')).toMatchObject({ allowed: false });
  });

  it('allows two healthy voters to become one', () => {
    expect(projectRemoval(members(2), 'a2')).toMatchObject({
      allowed: true,
      text: 'voters 2 → 1, tolerates 0 → 0',
    });
  });

  it('never lets the last member go', () => {
    expect(projectRemoval([member(1)], 'a1')).toMatchObject({
      allowed: false,
      reason: 'last-member',
      because: 'cp1 (id a1) is the last voter; without it the data is lost',
    });
  });

  it('never lets the last voter go, even when a learner would be left', () => {
    expect(projectRemoval([member(1), member(2, { isLearner: true })], 'a1')).toMatchObject({
      allowed: false,
      reason: 'last-member',
    });
  });

  it('refuses while another learner is there', () => {
    const projection = projectRemoval([...members(3), unstarted(4, true)], 'a3');
    expect(projection).toMatchObject({
      allowed: false,
      reason: 'learner-pending',
      because:
        'etcd holds a learner (never started, id a4, https://10.203.0.14:2380): another change of members is not finished',
    });
  });

  it('takes a voter that never started for an addition in flight', () => {
    expect(projectRemoval([...members(3), unstarted(4, false)], 'a3')).toMatchObject({
      allowed: false,
      reason: 'learner-pending',
    });
  });

  it.each([
    ['that never started', unstarted(4, true)],
    ['that started', member(4, { isLearner: true })],
    ['that stopped', silentLearner(4)],
  ])('lets the only learner go %s; the votes stay', (_, learner) => {
    expect(projectRemoval([...members(3), learner], 'a4')).toEqual({
      allowed: true,
      before: { voters: 3, healthy: 3, quorum: 2, tolerates: 1 },
      after: { voters: 3, healthy: 3, quorum: 2, tolerates: 1 },
      text: 'voters stay 3, tolerates 1',
    });
  });

  it('lets the learner of a cluster of one go', () => {
    expect(projectRemoval([member(1), unstarted(2, true)], 'a2')).toMatchObject({ allowed: true });
  });

  it('lets a learner go while a minority of voters is down', () => {
    expect(projectRemoval([member(1), member(2), dead(3), unstarted(4, true)], 'a4')).toMatchObject({ allowed: true });
  });

  it('lets a voter that never started go when the others have a majority of what is left and of what is', () => {
    expect(projectRemoval([...members(3), unstarted(4, false)], 'a4')).toMatchObject({
      allowed: true,
      text: 'voters 4 → 3, tolerates 1 → 1 (healthy 3 of 4 → 3 of 3)',
    });
    expect(projectRemoval([member(1), unstarted(2, false)], 'a2')).toMatchObject({
      allowed: false,
      reason: 'quorum-lost',
    });
  });

  it('takes a member that is gone for a success, whatever else is wrong', () => {
    expect(projectRemoval([member(1), dead(2), unstarted(3, true)], 'ff')).toMatchObject({
      allowed: true,
      alreadyGone: true,
      text: 'already gone, voters stay 2',
    });
  });
});

describe('projectAddition', () => {
  it.each([
    [0, 'voters 0 → 1, tolerates 0 → 0'],
    [1, 'voters 1 → 2, tolerates 0 → 0'],
    [2, 'voters 2 → 3, tolerates 0 → 1'],
    [3, 'voters 3 → 4, tolerates 1 → 1'],
    [4, 'voters 4 → 5, tolerates 1 → 2'],
  ])('lets %i healthy voters grow by one', (count, text) => {
    expect(projectAddition(members(count))).toMatchObject({ allowed: true, text });
  });

  it('counts the new member as unhealthy, but for the first two', () => {
    expect(projectAddition(members(1)).after).toEqual({ voters: 2, healthy: 2, quorum: 2, tolerates: 0 });
    expect(projectAddition(members(2)).after).toEqual({ voters: 3, healthy: 2, quorum: 2, tolerates: 1 });
  });

  it('refuses when the healthy ones would be no majority of the larger cluster', () => {
    expect(projectAddition([member(1), member(2), dead(3)])).toMatchObject({
      allowed: false,
      reason: 'quorum-at-risk',
      because: 'with one more voter 3 of 4 are needed, and only 2 are known to be healthy',
    });
  });

  it('refuses when quorum is lost', () => {
    expect(projectAddition([dead(1)])).toMatchObject({ allowed: false, reason: 'quorum-lost' });
    expect(projectAddition([member(1), dead(2)])).toMatchObject({ allowed: false, reason: 'quorum-lost' });
  });

  it('refuses while a learner or a member that never started is there', () => {
    for (const pending of [unstarted(4, true), unstarted(4, false), member(4, { isLearner: true })])
      expect(projectAddition([...members(3), pending])).toMatchObject({ allowed: false, reason: 'learner-pending' });
  });
});

describe('for any member list', () => {
  const shapes = {
    healthy: member,
    dead,
    errs,
    learner: silentLearner,
    unstartedLearner: (n: number) => unstarted(n, true),
    unstartedVoter: (n: number) => unstarted(n, false),
  };
  const kinds = Object.keys(shapes) as (keyof typeof shapes)[];
  // Mostly healthy lists, so that a change is often allowed, and wild ones.
  const mostlyHealthy = fc.oneof(
    { weight: 8, arbitrary: fc.constant<keyof typeof shapes>('healthy') },
    { weight: 1, arbitrary: fc.constantFrom(...kinds) },
  );
  const anyList = fc
    .oneof(fc.array(mostlyHealthy, { maxLength: 7 }), fc.array(fc.constantFrom(...kinds), { maxLength: 7 }))
    .map((list) => list.map((kind, index) => shapes[kind](index + 1)));
  const anyRemoval = fc.tuple(anyList, fc.integer({ min: 1, max: 7 })).map(([list, n]) => ({ list, id: `a${n}` }));
  const votersOf = (list: readonly EtcdMember[]): EtcdMember[] => list.filter((one) => !one.isLearner);
  // Written out again rather than taken from the code under test.
  const majority = (list: readonly EtcdMember[]): boolean =>
    votersOf(list).filter(isHealthyVoter).length * 2 > votersOf(list).length;

  it('an allowed removal leaves a healthy majority of the voters left over', () => {
    fc.assert(
      fc.property(anyRemoval, ({ list, id }) => {
        const projection = projectRemoval(list, id);
        if (!projection.allowed || projection.alreadyGone) return;
        const rest = list.filter((one) => one.id !== id);
        expect(majority(rest)).toBe(true);
        expect(majority(list)).toBe(true);
        expect(rest.length).toBe(list.length - 1);
      }),
      { numRuns: 1000 },
    );
  });

  it('a removal with a healthy majority before and after and nothing pending is allowed', () => {
    fc.assert(
      fc.property(anyRemoval, ({ list, id }) => {
        const rest = list.filter((one) => one.id !== id);
        const pending = rest.some((one) => one.isLearner || one.name === undefined);
        fc.pre(rest.length < list.length && majority(list) && majority(rest) && !pending);
        expect(projectRemoval(list, id).allowed).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('the last voter is never removed', () => {
    fc.assert(
      fc.property(anyRemoval, ({ list, id }) => {
        const projection = projectRemoval(list, id);
        if (projection.allowed && !projection.alreadyGone)
          expect(votersOf(list.filter((one) => one.id !== id)).length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('a member that is not in the list is always gone', () => {
    fc.assert(
      fc.property(anyList, (list) => {
        expect(projectRemoval(list, 'ff').allowed).toBe(true);
      }),
    );
  });

  it('removing a learner never changes the votes', () => {
    fc.assert(
      fc.property(anyList, (list) => {
        for (const learner of list.filter((one) => one.isLearner)) {
          const projection = projectRemoval(list, learner.id);
          expect(projection.after).toEqual(projection.before);
        }
      }),
    );
  });

  it('with a pending member at most that member may go, and none may come', () => {
    fc.assert(
      fc.property(anyList, (list) => {
        const pending = list.filter((one) => one.isLearner || one.name === undefined);
        fc.pre(pending.length > 0);
        expect(projectAddition(list).allowed).toBe(false);
        for (const one of list)
          if (pending.length > 1 || pending[0] !== one) expect(projectRemoval(list, one.id).allowed).toBe(false);
      }),
    );
  });

  it('an allowed addition keeps a healthy majority even if the new voter never answers, from two voters on', () => {
    fc.assert(
      fc.property(anyList, (list) => {
        if (!projectAddition(list).allowed || votersOf(list).length < 2) return;
        expect(majority([...list, dead(99)])).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('the order of the list changes nothing', () => {
    fc.assert(
      fc.property(anyRemoval, ({ list, id }) => {
        const turned = list.toReversed();
        expect(projectRemoval(turned, id).allowed).toBe(projectRemoval(list, id).allowed);
        expect(projectAddition(turned).after).toEqual(projectAddition(list).after);
      }),
    );
  });

  it('a refusal always says why', () => {
    fc.assert(
      fc.property(anyRemoval, ({ list, id }) => {
        for (const projection of [projectRemoval(list, id), projectAddition(list)])
          if (!projection.allowed) expect(projection.because).not.toBe('');
      }),
    );
  });

  it('more health never turns a yes into a no', () => {
    fc.assert(
      fc.property(anyRemoval, ({ list, id }) => {
        fc.pre(projectRemoval(list, id).allowed);
        const better = list.map((one, index) => (one.name !== undefined && !one.isLearner ? member(index + 1) : one));
        expect(projectRemoval(better, id).allowed).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
