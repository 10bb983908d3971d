import { describe, it } from 'vitest';
import { voters } from '../../scenarios/failures/index.js';
import { runSimulated } from '../support/site.js';

describe('etcd membership', () => {
  for (const scenario of voters) it(scenario.name, () => runSimulated(scenario));
});
