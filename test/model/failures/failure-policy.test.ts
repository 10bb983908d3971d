import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failureClasses, failureTypes } from '../../../model/failures/failure.js';
import type { FailureType } from '../../../model/failures/failure.js';
import { budgetMs, failurePolicy, probeKinds, retryDelayMs } from '../../../model/failures/failure-policy.js';
import { operationContext } from '../../support/facts.js';

const ofClass = (...classes: readonly string[]): FailureType[] =>
  failureTypes.filter((type) => classes.includes(failureClasses[type]));
const anyType = fc.constantFrom(...failureTypes);
const retried = ofClass('transient', 'not-ready-yet');

describe.each([...failureTypes])('%s', (type) => {
  const policy = failurePolicy(type);

  test('has a class, a budget, a retry policy and a treatment before any change', () => {
    expect(policy.class).toBe(failureClasses[type]);
    expect(['unreachable', 'ready', 'none']).toContain(policy.budget);
    expect(['wait', 'approve', 'fail']).toContain(policy.beforeAnyChange);
    if (policy.retry === 'never') return;
    expect(policy.retry.firstMs).toBeGreaterThanOrEqual(1_000);
    expect(policy.retry.factor).toBeGreaterThan(1);
    expect(policy.retry.mostMs).toBeGreaterThan(policy.retry.firstMs);
  });

  test('has a budget if and only if it is tried again in place', () => {
    expect(policy.budget === 'none').toBe(policy.retry === 'never');
  });

  test('names a probe that exists, or none', () => {
    if (policy.probe !== undefined) expect(Object.keys(probeKinds)).toContain(policy.probe);
  });

  test('says what an approval does where one is asked for, in words that follow "it"', () => {
    if (policy.beforeAnyChange === 'approve') expect(policy.approve).toBeDefined();
    if (policy.approve !== undefined) expect(policy.approve).toMatch(/^[a-z]+s /);
  });
});

describe('classes', () => {
  test('what passes waits before any change, in its own budget', () => {
    for (const type of ofClass('transient')) {
      expect(failurePolicy(type)).toMatchObject({ beforeAnyChange: 'wait', budget: 'unreachable' });
    }
    for (const type of ofClass('not-ready-yet')) {
      expect(failurePolicy(type)).toMatchObject({ beforeAnyChange: 'wait', budget: 'ready' });
    }
    for (const type of ofClass('cluster-unhealthy')) {
      expect(failurePolicy(type)).toMatchObject({ beforeAnyChange: 'wait', budget: 'none' });
    }
  });

  test('what no wait mends ends an operation that has changed nothing', () => {
    for (const type of ofClass('definitive', 'credential', 'dirty-host')) {
      expect(failurePolicy(type)).toMatchObject({ beforeAnyChange: 'fail', budget: 'none' });
    }
  });

  test('only an approval blocks for one in any case', () => {
    const types = failureTypes.filter((type) => failurePolicy(type).beforeAnyChange === 'approve');
    expect(types).toEqual(ofClass('approval'));
  });

  test('every class has a type', () => {
    expect([...new Set(Object.values(failureClasses))].toSorted()).toEqual([
      'approval',
      'cluster-unhealthy',
      'credential',
      'definitive',
      'dirty-host',
      'not-ready-yet',
      'transient',
    ]);
  });
});

test('an approval is offered exactly where a finding of the preflight or a plan asks for one', () => {
  const approvable = failureTypes.filter((type) => failurePolicy(type).approve !== undefined);
  expect(approvable.toSorted()).toEqual([
    'DirtyHost',
    'IdentityConflict',
    'PeersUnreachable',
    'PlanNeedsApproval',
    'StaleMember',
  ]);
});

test('nobody but a person tells that a host may be reset, a key is right or a plan is good', () => {
  const watched = failureTypes.filter((type) => failurePolicy(type).probe !== undefined);
  expect(watched.filter((type) => failurePolicy(type).beforeAnyChange !== 'wait')).toEqual(['EndpointUnreachable']);
  const unwatched = failureTypes.filter((type) => failurePolicy(type).beforeAnyChange === 'wait');
  expect(unwatched.filter((type) => failurePolicy(type).probe === undefined)).toEqual(['HostNotClean']);
});

test('every probe is for something: of the table, or for a removal while undoing', () => {
  const used = new Set(failureTypes.map((type) => failurePolicy(type).probe));
  expect(Object.keys(probeKinds).filter((kind) => !used.has(kind as keyof typeof probeKinds))).toEqual(['quorum']);
});

describe('retryDelayMs', () => {
  test('pauses grow from the first to the longest and stay there', () => {
    fc.assert(
      fc.property(fc.constantFrom(...retried), fc.integer({ min: 1, max: 5_000 }), (type, attempt) => {
        const { retry } = failurePolicy(type);
        if (retry === 'never') throw new Error(`${type} is never tried again`);
        const [now, next] = [retryDelayMs(type, attempt) ?? 0, retryDelayMs(type, attempt + 1) ?? 0];
        expect(now).toBeGreaterThanOrEqual(retry.firstMs);
        expect(now).toBeLessThanOrEqual(retry.mostMs);
        expect(next).toBeGreaterThanOrEqual(now);
        if (now < retry.mostMs) expect(next).toBeGreaterThan(now);
      }),
    );
  });

  test('there is none for what is not tried again', () => {
    fc.assert(
      fc.property(anyType, fc.integer({ min: 1, max: 5_000 }), (type, attempt) => {
        expect(retryDelayMs(type, attempt) === undefined).toBe(!retried.includes(type));
      }),
    );
  });

  test('a lost connection and a Node that is not Ready yet, attempt by attempt', () => {
    const first = (type: FailureType) => [1, 2, 3, 4, 5, 6].map((attempt) => retryDelayMs(type, attempt));
    expect(first('Unreachable')).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    expect(first('NodeNotReady')).toEqual([1_000, 1_500, 2_250, 3_375, 5_000, 5_000]);
  });
});

describe('budgetMs', () => {
  test('is the budget of the policy that the table names, and 0 for one attempt', () => {
    fc.assert(
      fc.property(anyType, fc.nat(), fc.nat(), (type, unreachableBudgetMs, readyBudgetMs) => {
        const context = operationContext({ policy: { unreachableBudgetMs, readyBudgetMs } });
        expect(budgetMs(type, context)).toBe(
          { unreachable: unreachableBudgetMs, ready: readyBudgetMs, none: 0 }[failurePolicy(type).budget],
        );
      }),
    );
  });
});
