import { describe, expect, test } from 'vitest';
import { scenarios } from '../support/scenarios.js';
import { uniqueName } from '../support/temporal.js';
import { useHarness } from '../support/use-harness.js';

// Every workflow task replays the whole history, as after the loss of a worker: what the cache hides shows here.
const harness = useHarness('uncached', { maxCachedWorkflows: 0 });
const chosen = new Set([
  'join-control-plane',
  'failed-join-retried',
  'undo-failed-and-retried',
  'cancelled-in-kubeadm',
  'cancelled-while-blocked',
  'resumed-and-blocked-again',
  'decided-while-probed',
  'undo-resumed-by-itself',
  'undo-skipped',
  'approval-expired',
  'credentials-lapsed',
  'notified',
  'queue',
  'entity-revived',
  'entity-continued-as-new',
  'entity-children-end',
]);

describe('without the cache of the worker', () => {
  test.concurrent.for(scenarios.filter(({ name }) => chosen.has(name)))('$name', async ({ name, run, outcomes }) => {
    expect((await run(harness(), uniqueName(name))).outcomes).toEqual(outcomes);
  });
});
