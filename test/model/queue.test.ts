import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { operationKinds } from '../../model/operations.js';
import { isExclusive, nextToStart, positionOf, waitsFor } from '../../model/queue.js';
import type { QueueEntry } from '../../model/queue.js';
import { operationContext } from '../support/facts.js';

const entry = (kind: (typeof operationKinds)[number], host: string, key = 'k'): QueueEntry => ({
  request: { context: operationContext({ kind, host, key }), by: 'ann@desk' },
  since: '2026-01-05T08:00:00.000Z',
});
const id = ({ request }: QueueEntry): string => request.context.operation;
const kind = ({ request }: QueueEntry) => request.context.kind;
const host = ({ request }: QueueEntry): string => request.context.target.name;

describe('waitsFor', () => {
  const none = { waiting: [], running: [] };
  const alone = (one: QueueEntry, running: QueueEntry[]) => waitsFor({ waiting: [one], running }, one, 2);

  test('nothing runs: every kind may start', () => {
    for (const one of operationKinds) expect(alone(entry(one, 'a'), [])).toBeUndefined();
    expect(nextToStart(none, 2)).toBeUndefined();
  });
  test('a second exclusive operation waits for the first, and says so', () => {
    expect(alone(entry('join-control-plane', 'b'), [entry('join-control-plane', 'a')])).toBe(
      'prod/join-control-plane/a/k (holds the membership lock or is before it)',
    );
  });
  test('worker joins run beside each other and beside a membership change', () => {
    expect(alone(entry('join-worker', 'b'), [entry('join-worker', 'a')])).toBeUndefined();
    expect(alone(entry('join-worker', 'b'), [entry('join-control-plane', 'a')])).toBeUndefined();
    expect(alone(entry('join-control-plane', 'b'), [entry('join-worker', 'a')])).toBeUndefined();
  });
  test('init runs alone', () => {
    expect(alone(entry('init', 'b'), [entry('join-worker', 'a')])).toBe('prod/join-worker/a/k (init runs alone)');
    expect(alone(entry('join-worker', 'b'), [entry('init', 'a')])).toBe('prod/init/a/k (init runs alone)');
    expect(alone(entry('join-control-plane', 'b'), [entry('init', 'a')])).toBe('prod/init/a/k (init runs alone)');
  });
  test('a worker join asked for after an init that waits does not overtake it', () => {
    const init = entry('init', 'b');
    const worker = entry('join-worker', 'c');
    const queue = { waiting: [init, worker], running: [entry('join-worker', 'a')] };
    expect(waitsFor(queue, worker, 9)).toBe('prod/init/b/k (init runs alone)');
  });
  test('two operations about one host never run together', () => {
    expect(alone(entry('join-control-plane', 'a', '2'), [entry('join-worker', 'a')])).toBe(
      'prod/join-worker/a/k (same host)',
    );
  });
  test('a worker join waits for a free place', () => {
    expect(alone(entry('join-worker', 'c'), [entry('join-worker', 'a'), entry('join-worker', 'b')])).toBe(
      'a free place: 2 worker joins run, the limit is 2',
    );
    expect(alone(entry('join-control-plane', 'c'), [entry('join-worker', 'a'), entry('join-worker', 'b')])).toBe(
      undefined,
    );
  });
});

describe('positionOf', () => {
  const running = [entry('join-control-plane', 'a')];
  const first = entry('join-control-plane', 'b');
  const second = entry('join-control-plane', 'c');
  const worker = entry('join-worker', 'd');
  const queue = { running, waiting: [first, second, worker] };

  test('0 for what runs and for what may start at once', () => {
    expect(positionOf(queue, running[0] as QueueEntry, 9)).toBe(0);
    expect(positionOf(queue, worker, 9)).toBe(0);
  });
  test('else the operations before it that it waits for', () => {
    expect(positionOf(queue, first, 9)).toBe(1);
    expect(positionOf(queue, second, 9)).toBe(2);
    expect(positionOf({ running: [entry('join-worker', 'x')], waiting: [worker] }, worker, 1)).toBe(1);
  });
});

/** Operations asked for, and how many of those that run end after each. */
const arrivals = fc.array(
  fc.record({
    kind: fc.constantFrom(...operationKinds),
    host: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    end: fc.nat({ max: 3 }),
  }),
  { maxLength: 40 },
);
const limits = fc.integer({ min: 1, max: 4 });

/** What the cluster entity does with a queue: append, start all that may, end some. */
const simulate = (
  asked: { kind: (typeof operationKinds)[number]; host: string; end: number }[],
  limit: number,
  check: (running: readonly QueueEntry[], waiting: readonly QueueEntry[]) => void,
): string[] => {
  const waiting: QueueEntry[] = [];
  const running: QueueEntry[] = [];
  const started: string[] = [];
  const startAll = (): void => {
    for (;;) {
      const next = nextToStart({ waiting, running }, limit);
      if (next === undefined) break;
      waiting.splice(waiting.indexOf(next), 1);
      running.push(next);
      started.push(id(next));
    }
    check(running, waiting);
  };
  asked.forEach((one, index) => {
    waiting.push(entry(one.kind, one.host, String(index)));
    startAll();
    running.splice(0, one.end);
    startAll();
  });
  while (running.length > 0) {
    running.shift();
    startAll();
  }
  return started;
};

describe('properties of the queue', () => {
  test('what must not run together never does', () => {
    fc.assert(
      fc.property(arrivals, limits, (asked, limit) => {
        simulate(asked, limit, (running) => {
          expect(running.filter((one) => isExclusive(kind(one))).length).toBeLessThanOrEqual(1);
          expect(running.filter((one) => !isExclusive(kind(one))).length).toBeLessThanOrEqual(limit);
          if (running.some((one) => kind(one) === 'init')) expect(running).toHaveLength(1);
          expect(new Set(running.map(host)).size).toBe(running.length);
        });
      }),
    );
  });
  test('everything asked for runs exactly once in the end: nothing starves, nothing is stuck', () => {
    fc.assert(
      fc.property(arrivals, limits, (asked, limit) => {
        const started = simulate(asked, limit, () => {});
        expect(started).toHaveLength(asked.length);
        expect(new Set(started).size).toBe(asked.length);
      }),
    );
  });
  test('exclusive operations start in the order they were asked for', () => {
    fc.assert(
      fc.property(arrivals, limits, (asked, limit) => {
        const keys = simulate(asked, limit, () => {})
          .filter((operation) => !operation.includes('/join-worker/'))
          .map((operation) => Number(operation.split('/')[3]));
        expect(keys).toEqual(keys.toSorted((a, b) => a - b));
      }),
    );
  });
  test('an idle cluster starts the first operation; what waits always says for what, and has a position', () => {
    fc.assert(
      fc.property(arrivals, limits, (asked, limit) => {
        simulate(asked, limit, (running, waiting) => {
          if (waiting.length > 0) expect(running.length).toBeGreaterThan(0);
          for (const one of waiting) {
            expect(waitsFor({ waiting, running }, one, limit)).toMatch(/\S/);
            expect(positionOf({ waiting, running }, one, limit)).toBeGreaterThan(0);
          }
          for (const one of running) expect(positionOf({ waiting, running }, one, limit)).toBe(0);
        });
      }),
    );
  });
});
