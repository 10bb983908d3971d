import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, test } from 'vitest';
import { startLab } from '../../lab/index.js';
import type { Lab } from '../../lab/index.js';
import { parts, subnet, topology } from '../simulation/answers/scenarios.js';
import { openStage } from '../simulation/answers/stage.js';
import type { PlayedStage } from '../simulation/answers/stage.js';

let lab: Lab;
let stage: PlayedStage;

beforeAll(async () => {
  lab = await startLab({ name: 'answers', hosts: topology, subnet, progress: (line) => console.log(line) });
  stage = openStage(lab, 12_000);
});

afterAll(async () => {
  await stage?.close();
  await lab?.down();
});

test('records', async () => {
  for (const part of parts) {
    const started = Date.now();
    stage.recorder.section = part.title;
    await part.play(stage);
    console.log(`${part.title}: ${Date.now() - started} ms`);
    writeFileSync('/tmp/answers-lab-run2.json', JSON.stringify(stage.recorder.answers, undefined, 1));
  }
});
