import { describe, it } from 'vitest';
import { kubelet } from '../../scenarios/failures/index.js';
import { runSimulated } from '../support/site.js';

describe('kubelet and TLS bootstrap', () => {
  for (const scenario of kubelet) it(scenario.name, () => runSimulated(scenario));
});
