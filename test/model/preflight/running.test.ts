import { describe, expect, it } from 'vitest';
import type { HostFacts } from '../../../model/facts/host-facts.js';
import { operationContext } from '../../support/facts.js';
import { texts, verdicts, world } from './world.js';

const unit = 'quorate-join-0f3c5a7b9d1e.service';
const running = (cluster: string | undefined, more: Partial<HostFacts> = {}) =>
  world(operationContext(), {
    runningUnits: [unit],
    ...(cluster === undefined ? {} : { marker: { operation: `${cluster}/join-worker/x/1`, cluster } }),
    ...more,
  });

describe('a command of an operation that runs on the host', () => {
  it('of this cluster is no obstacle: it is stopped', () => expect(verdicts(running('prod'))).toEqual([]));

  it('of nobody knows whom is no obstacle', () => expect(verdicts(running(undefined))).toEqual([]));

  it('of another cluster is left alone, and told', () => {
    const one = running('lab');
    expect(verdicts(one)[0]).toBe('fatal ForeignHost');
    expect(texts(one)[0]).toBe(
      `an operation of the cluster lab runs on cp3 (${unit}) | let lab/join-worker/x/1 end, or abort it and \`systemctl stop ${unit}\` on cp3; or take cp3 out of the specification`,
    );
  });

  it('of a cluster that had another name is of this one', () => {
    const { cluster } = world();
    expect(verdicts(running('lab', { pkiCaHash: cluster?.caHash }))).not.toContain('fatal ForeignHost');
  });
});
