import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { keepMemorySmall } from '../../workers/memory.js';

// Keeps enough of what it makes for V8 to give it all the room for new objects that it may have.
const churn = `
  const { parentPort } = require('node:worker_threads');
  const { getHeapSpaceStatistics } = require('node:v8');
  const kept = [];
  for (let round = 0; round < 2_000_000; round += 1) kept[round % 300_000] = { round, text: String(round) };
  parentPort.postMessage(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
`;

/** Bytes that a thread which begins now takes for new objects. */
const roomForNewObjects = async (): Promise<number> => {
  const thread = new Worker(churn, { eval: true });
  const [bytes] = (await once(thread, 'message')) as [number];
  await thread.terminate();
  return bytes;
};

it('threads that begin later take less memory, unless Node.js was told otherwise', async () => {
  keepMemorySmall(['--max_semi_space_size=16', '--heap-growing-percent=100']);
  const untouched = await roomForNewObjects();
  keepMemorySmall([]);
  const small = await roomForNewObjects();

  expect(untouched).toBeGreaterThan(16_000_000);
  expect(small).toBeLessThan(9_000_000);
});
