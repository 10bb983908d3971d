// Simulated hosts are held to real ones: the same scenario is played on them as was played in the lab when
// test/simulation/recorded was written, and every answer is compared. A difference is a defect of the simulation; see
// docs/lab.md.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulation } from '../../lab/simulation/index.js';
import type { Simulation } from '../../lab/simulation/index.js';
import { allowed, changedSince, neverSent } from './answers/allowed.js';
import { differences } from './answers/compare.js';
import { normalise } from './answers/normalise.js';
import type { Answer } from './answers/normalise.js';
import { readRecorded, recordedFolder } from './answers/recorded.js';
import { parts, subnet, topology } from './answers/scenarios.js';
import { sendingPlaces } from './answers/senders.js';
import { openStage } from './answers/stage.js';
import type { PlayedStage } from './answers/stage.js';

const real = readRecorded();
let simulation: Simulation;
let stage: PlayedStage;
let simulated: readonly Answer[];

beforeAll(async () => {
  simulation = await startSimulation({
    hosts: topology,
    name: 'answers',
    timeScale: 0.03,
    subnet: `10.203.${subnet}`,
  });
  // As the machine below the lab's hosts.
  for (const { machine } of simulation.hosts) machine.cgroupVersion = 1;
  stage = openStage(simulation, 500);
  for (const part of parts) await stage.play(part);
  simulated = stage.recorder.answers.map(normalise);
}, 300_000);

afterAll(async () => {
  await stage?.close();
  await simulation?.down();
});

describe('simulated hosts answer as real ones do', () => {
  it.each(parts.map(({ title }) => title))('%s', (title) => {
    const of = (answers: readonly Answer[]): Answer[] => answers.filter(({ section }) => section === title);
    expect(of(real).length).toBeGreaterThan(0);
    expect(differences(of(real), of(simulated), allowed).join('\n\n')).toBe('');
  });

  it('and the shell, the programs and the API lack nothing that is used', () => {
    expect(simulation.world.defects).toEqual([]);
  });
});

describe('what is compared', () => {
  it('is all that the adapters and the activities send', () => {
    const seen = new Set(
      stage.recorder.answers.flatMap(({ sender, line }) => (line === 0 ? [] : [`${sender.split(' ')[0]}:${line}`])),
    );
    const places = sendingPlaces();
    expect(places.length).toBeGreaterThan(30);
    // A command that is sent in a way that `sendingPlaces` does not see would never be missed.
    expect([...seen].filter((place) => !places.includes(place))).toEqual([]);
    const never = places.filter((place) => !seen.has(place));
    expect(never.filter((place) => !(place.replace(/:\d+$/, '') in neverSent))).toEqual([]);
    expect(never.length).toBe(Object.keys(neverSent).length);
  });

  it('was recorded with the commands of today; `npm run record:lab-answers` records them again', () => {
    const commandsOf = (answers: readonly Answer[]): Set<string> =>
      new Set(answers.map(({ sender, command }) => `${sender} ${command}`));
    const recorded = commandsOf(real);
    const changed = simulated.filter(({ sender, command }) => !recorded.has(`${sender} ${command}`));
    expect([...new Set(changed.map(({ sender }) => sender))].toSorted()).toEqual(Object.keys(changedSince).toSorted());
  });
});

describe('the recorded answers', () => {
  const files = readdirSync(recordedFolder).map(
    (file) => [file, readFileSync(join(recordedFolder, file), 'utf8')] as const,
  );

  it.each(files)('%s holds no token, key or certificate', (_file, text) => {
    for (const secret of [
      /-----BEGIN/,
      /\b[a-z0-9]{6}\.[a-z0-9]{16}\b/,
      /[A-Za-z0-9+/]{60,}/,
      /\beyJ[\w-]+/,
      /\b[0-9a-f]{32,}\b/,
      /MII[A-Za-z0-9+/]{20}/,
    ])
      expect(secret.exec(text)?.[0]).toBeUndefined();
  });
});
