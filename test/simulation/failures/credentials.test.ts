import { describe, it } from 'vitest';
import { credentials } from '../../scenarios/failures/index.js';
import { runSimulated } from '../support/site.js';

describe('credentials and discovery', () => {
  for (const scenario of credentials) it(scenario.name, () => runSimulated(scenario));
});
