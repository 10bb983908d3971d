import fc from 'fast-check';
import { expect, test } from 'vitest';
import { QueueMemory, memoryPart } from '../../model/queue-memory.js';
import { operationContext } from '../support/facts.js';

const context = operationContext();
const entry = (key: string) => ({
  request: { context: operationContext({ kind: 'join-worker', key }), by: 'ann@desk' },
  since: '2026-01-05T08:00:00.000Z',
});
const ended = [
  {
    operation: 'prod/init/cp1/k1',
    kind: 'init' as const,
    host: 'cp1',
    by: 'ann@desk',
    since: '2026-01-05T07:00:00.000Z',
    workflowId: 'change/prod',
    outcome: 'finished' as const,
  },
];

test('the parts together are everything once, what runs before what waits', () => {
  fc.assert(
    fc.property(fc.nat(60), fc.nat(130), fc.boolean(), (runs, waits, whole) => {
      const running = Array.from({ length: runs }, (_, index) => ({ ...entry(`r${index}`), runId: `run ${index}` }));
      const waiting = Array.from({ length: waits }, (_, index) => entry(`w${index}`));
      const parts: QueueMemory[] = [];
      for (let from: number | undefined = 0; from !== undefined; from = parts.at(-1)?.next) {
        parts.push(QueueMemory.parse(memoryPart({ running, waiting, ended, context, whole }, from)));
      }
      expect(parts.flatMap(({ entries }) => entries)).toEqual([
        ...running.map(({ request, since }) => ({ request, since, begun: true })),
        ...waiting.map((one) => ({ ...one, begun: false })),
      ]);
      expect(parts.flatMap((part) => part.ended)).toEqual(ended);
      expect(parts.map((part) => part.context).filter((one) => one !== undefined)).toEqual([context]);
      expect(parts.every((part) => part.whole === whole && part.entries.length <= 50)).toBe(true);
    }),
    { numRuns: 25 },
  );
});

test('one that had begun in a queue before is handed on as such', () => {
  const waiting = [{ ...entry('a'), begun: true as const }];
  const { entries } = memoryPart({ running: [], waiting, ended: [], context: undefined, whole: true }, 0);
  expect(entries.map(({ begun }) => begun)).toEqual([true]);
});
