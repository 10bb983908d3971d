import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startSimulation } from '../../lab/simulation/index.js';
import { parts, subnet, topology } from './answers/scenarios.js';
import { openStage } from './answers/stage.js';

it('records', async () => {
  const simulation = await startSimulation({
    hosts: topology,
    name: 'answers',
    timeScale: 0.03,
    subnet: `10.203.${subnet}`,
  });
  const stage = openStage(simulation, 500);
  try {
    for (const part of parts) {
      stage.recorder.section = part.title;
      await part.play(stage);
    }
  } finally {
    writeFileSync('/tmp/answers-simulation.json', JSON.stringify(stage.recorder.answers, undefined, 1));
  }
  expect(simulation.world.defects).toEqual([]);
  await stage.close();
  await simulation.down();
}, 120_000);
