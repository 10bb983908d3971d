import { describe, it } from 'vitest';
import { observations } from '../../scenarios/failures/index.js';
import { runSimulated } from '../support/site.js';

describe('nothing is destroyed on an old, absent or borrowed observation', () => {
  for (const scenario of observations) it(scenario.name, () => runSimulated(scenario));
});
