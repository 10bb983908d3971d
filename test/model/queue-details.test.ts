import { describe, expect, test } from 'vitest';
import type { ClusterQueue } from '../../model/messages.js';
import { operationOutcomes } from '../../model/progress.js';
import { renderQueue } from '../../model/queue-details.js';

describe('the page of a queue', () => {
  const item = { kind: 'join-worker' as const, host: 'w2', by: 'ann@desk', since: '2026-01-05T13:52:10.000Z' };
  const queue: ClusterQueue = {
    cluster: 'prod',
    running: [{ ...item, operation: 'prod/join-worker/w1/k1', workflowId: 'op/prod/join-worker/w1' }],
    waiting: [{ ...item, operation: 'prod/join-worker/w1/k2', waitsFor: 'prod/join-worker/w1/k1 (same host)' }],
    ended: [
      { ...item, operation: 'prod/join-worker/w3/k1', workflowId: 'x', outcome: 'finished' },
      { ...item, operation: 'prod/join-worker/w4/k1', workflowId: 'x', outcome: 'failed', message: 'a | b\n<c>' },
    ],
  };

  test('what runs and where, what waits and for what, what ended (newest first)', () => {
    expect(renderQueue(queue).replaceAll('\u00a0', '')).toBe(
      [
        '## prod: 1 running, 1 waiting',
        '',
        '| state | operation |',
        '| :-- | :-- |',
        '| `running` | **prod/join-worker/w1/k1** in `op/prod/join-worker/w1`; asked for by ann@desk, 2026-01-05 13:52:10 |',
        '| `waits` | **prod/join-worker/w1/k2** for prod/join-worker/w1/k1 (same host); asked for by ann@desk, 13:52:10 |',
        String.raw`| ${'`failed`'} | prod/join-worker/w4/k1: a \| b \<c>; asked for by ann@desk, 13:52:10 |`,
        '| `finished` | prod/join-worker/w3/k1; asked for by ann@desk, 13:52:10 |',
        '',
        'Times are UTC.',
      ].join('\n'),
    );
  });

  test('of many that wait the first are shown, and where the others are', () => {
    const waiting = Array.from({ length: 150 }, (_, index) => ({
      ...item,
      operation: `prod/join-worker/w${index}/k1`,
      waitsFor: 'a place',
    }));
    const page = renderQueue({ ...queue, waiting }).replaceAll('\u00a0', '');
    expect(page).toContain('1 running, 150 waiting');
    expect(page.match(/\| `waits` \| \*\*/g)).toHaveLength(10);
    expect(page).toContain('| `waits` | 140 more: `quorate operations list --cluster prod` |');
  });

  test('an empty queue has no table', () => {
    expect(renderQueue({ cluster: 'prod', running: [], waiting: [], ended: [] })).toBe(
      '## prod: 0 running, 0 waiting\n\nTimes are UTC.',
    );
  });

  test('no more than the last 20 of those that ended', () => {
    const ended = Array.from({ length: 50 }, (_, index) => ({
      ...item,
      operation: `prod/join-worker/w${index}/k`,
      workflowId: 'x',
      outcome: operationOutcomes[index % operationOutcomes.length] ?? 'finished',
    }));
    const page = renderQueue({ ...queue, running: [], waiting: [], ended });
    expect(page.split('\n').filter((line) => line.startsWith('|'))).toHaveLength(2 + 20);
    expect(page).toContain('w49');
    expect(page).not.toContain('w29/');
  });
});
