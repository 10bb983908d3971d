import { afterAll, test } from 'vitest';
import { failureScenarios } from '../scenarios/failures/index.js';
import { writeVerdicts } from '../support/verdicts.js';
import { LabCluster } from './support/lab-cluster.js';
import { chosenScenarios } from './support/of-today.js';
import { runInLab } from './support/site.js';

writeVerdicts('lab');

const cluster = new LabCluster('failures');

afterAll(() => cluster.discard());

const chosen = chosenScenarios(failureScenarios, process.env, new Date());
if (chosen.length < failureScenarios.length)
  console.log(`${chosen.length} of ${failureScenarios.length} scenarios of failures chosen`);

// The cluster grows and does not shrink.
for (const scenario of chosen.toSorted((a, b) => (a.controlPlanes ?? 1) - (b.controlPlanes ?? 1)))
  test(scenario.name, () => runInLab(cluster, scenario));
