import { afterAll, test } from 'vitest';
import { failureScenarios } from '../scenarios/failures/index.js';
import { writeVerdicts } from '../support/verdicts.js';
import { LabCluster } from './support/lab-cluster.js';
import { runInLab } from './support/site.js';

writeVerdicts('lab');

const all = process.env['QUORATE_LAB_FAILURES'] === 'all';
const cluster = new LabCluster('failures');

afterAll(() => cluster.discard());

// The cluster grows and does not shrink.
const inOrder = failureScenarios.toSorted((a, b) => (a.controlPlanes ?? 1) - (b.controlPlanes ?? 1));

for (const scenario of inOrder)
  test.runIf(all || scenario.inEveryLabRun === true)(scenario.name, () => runInLab(cluster, scenario));
