import { describe, it } from 'vitest';
import { learners } from '../../scenarios/failures/index.js';
import { runSimulated } from '../support/site.js';

describe('etcd membership', () => {
  for (const scenario of learners) it(scenario.name, () => runSimulated(scenario));
});
