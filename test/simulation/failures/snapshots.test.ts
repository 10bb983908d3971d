import { describe, it } from 'vitest';
import { etcdSnapshots } from '../../scenarios/failures/index.js';
import { runSimulated } from '../support/site.js';

describe('snapshots of etcd', () => {
  for (const scenario of etcdSnapshots) it(scenario.name, () => runSimulated(scenario));
});
