import { describe, expect, test } from 'vitest';
import { mayMean, operationId, operationSubject } from '../../../api/client/operation-id.js';

describe('operationId', () => {
  const name = { cluster: 'prod', kind: 'join-worker', host: 'w2' } as const;

  test('is the same for the same key and another one for another key', () => {
    expect(operationId(name, 'job-7')).toBe(operationId(name, 'job-7'));
    expect(operationId(name, 'job-7')).toMatch(/^prod\/join-worker\/w2\/[0-9a-f]{8}$/);
    expect(operationId(name, 'job-8')).not.toBe(operationId(name, 'job-7'));
    expect(operationSubject(operationId(name, 'job-7'))).toBe('prod/join-worker/w2');
  });
});

describe('mayMean', () => {
  const operation = 'prod/join-worker/w2/1f00aa11';
  test.each([
    'prod',
    'prod/',
    'prod/join-worker',
    'prod/join-worker/w2',
    'prod/join-worker/w2/',
    'prod/join-worker/w2/1f',
    operation,
  ])('%s may mean it', (typed) => expect(mayMean(typed, operation)).toBe(true));
  test.each([
    '',
    'pro',
    'prod/join',
    'prod/join-worker/w',
    'prod/join-worker/w22',
    'prod/join-worker/w2/2f',
    `${operation}/x`,
    'w2',
  ])('%s does not', (typed) => expect(mayMean(typed, operation)).toBe(false));
});
