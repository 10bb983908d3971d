import { activityInfo } from '@temporalio/activity';
import type { Claimant } from '../../adapters/host/identity-script.js';
import { isMarkerOf } from '../../adapters/host/marker.js';
import type { Marker } from '../../adapters/host/marker.js';
import { unitName } from '../../adapters/systemd/unit-name.js';
import { unitDescription } from '../../adapters/systemd/units-of.js';
import type { HostFacts } from '../../model/facts/host-facts.js';
import type { OperationContext } from '../../model/operation.js';

/** The operation and the run that the activity belongs to: what another run began is not its own. */
export const claimantOf = ({ operation }: Pick<OperationContext, 'operation'>): Claimant => ({
  operation,
  run: activityInfo().workflowExecution?.runId ?? '',
});

/** What the running activity writes on a host before it changes it. */
export const markerOf = (
  context: OperationContext,
  state: 'resetting' | 'begun' | 'undoing' = 'begun',
): Marker & Claimant => ({
  ...claimantOf(context),
  cluster: context.cluster,
  at: new Date().toISOString(),
  state,
});

/** Facts with whether their marker is that of the activity's own run: a workflow's run is not known when it is replayed. */
export const withOwnership = (context: OperationContext, facts: HostFacts): HostFacts =>
  facts.marker === undefined
    ? facts
    : { ...facts, marker: { ...facts.marker, ofThisRun: isMarkerOf(facts.marker, claimantOf(context)) } };

/** Name and description of the unit in which a step's command of this run runs on the target. */
export const unitOf = (
  context: OperationContext,
  step: string,
  round = context.round,
): { readonly unit: string; readonly description: string } => {
  const own = claimantOf(context);
  return {
    unit: unitName({ ...own, step, host: context.target.name, round }),
    description: unitDescription(own),
  };
};
