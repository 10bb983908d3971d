// What real hosts answer to the commands of test/simulation/answers/scenarios.ts. `npm run record:lab-answers` writes it
// to test/simulation/recorded, which test/simulation/answers.test.ts holds the simulated hosts to; `npm run
// test:lab:answers` compares it with what was written.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLab } from '../../lab/index.js';
import type { Lab } from '../../lab/index.js';
import { allowed } from '../simulation/answers/allowed.js';
import { comparable, differences } from '../simulation/answers/compare.js';
import { normalise } from '../simulation/answers/normalise.js';
import { readRecorded, writeRecorded } from '../simulation/answers/recorded.js';
import { parts, subnet, topology } from '../simulation/answers/scenarios.js';
import { openStage } from '../simulation/answers/stage.js';
import type { PlayedStage } from '../simulation/answers/stage.js';

/** `record` or `compare`; not in every run of the lab, as it takes five minutes. */
const mode = process.env['QUORATE_LAB_ANSWERS'];

let lab: Lab;
let stage: PlayedStage;

beforeAll(async () => {
  if (mode === undefined) return;
  lab = await startLab({ name: 'answers', hosts: topology, subnet, progress: (line) => console.log(line) });
  stage = openStage(lab, 12_000);
});

afterAll(async () => {
  await stage?.close();
  await lab?.down();
});

test.runIf(mode !== undefined)('real hosts answer as they did when it was recorded', async () => {
  for (const part of parts) {
    const started = Date.now();
    await stage.play(part);
    console.log(`${part.title}: ${Date.now() - started} ms`);
  }
  const answers = stage.recorder.answers.map(normalise);
  if (mode === 'record') writeRecorded(comparable(answers, allowed));
  expect(differences(readRecorded(), answers, allowed).join('\n\n')).toBe('');
});
