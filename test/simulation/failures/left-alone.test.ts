import { describe, it } from 'vitest';
import { leftAlone } from '../../scenarios/failures/index.js';
import { runSimulated } from '../support/site.js';

describe('what is not the product’s', () => {
  for (const scenario of leftAlone) it(scenario.name, () => runSimulated(scenario));
});
