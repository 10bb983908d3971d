import { describe, it } from 'vitest';
import { dirtyHosts } from '../../scenarios/failures/index.js';
import { runSimulated } from '../support/site.js';

describe('hosts that were something else before', () => {
  for (const scenario of dirtyHosts) it(scenario.name, () => runSimulated(scenario));
});
