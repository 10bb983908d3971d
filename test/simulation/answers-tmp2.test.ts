import { readFileSync } from 'node:fs';
import { it } from 'vitest';
import { sendingPlaces } from './answers/senders.js';
it('x', () => {
  const raw = JSON.parse(readFileSync(`/tmp/answers-simulation.json`, 'utf8')) as { sender: string; line: number }[];
  const seen = new Set(raw.filter((r) => r.line).map((r) => `${r.sender.split(' ')[0]}:${r.line}`));
  const all = sendingPlaces();
  console.log(
    'never',
    all.filter((x) => !seen.has(x)),
    'unknown',
    [...seen].filter((x) => !all.includes(x)),
    all.length,
  );
});
