import { claimLines } from '../../model/plan.js';
import { bounded, titled } from '../activity-proxies.js';
import type { Step } from '../step.js';
import type { JoinState } from './state.js';

/**
 * Before anything else is changed: whoever operates the cluster under another name, with a lock of its own, is refused from
 * then on. Stays when the operation is undone, as others of this name may rest on it.
 */
export const claim: Step<JoinState> = {
  id: 'claim',
  title: ({ cluster }) => `write into the cluster that it is ${cluster}`,
  changes: true,
  plan: claimLines,
  retriedInPlace: 'it only says whose the cluster is, where nobody has said so yet',
  skipWhen: ({ context, cluster }) =>
    cluster?.managedAs === context.cluster ? `the cluster says already that it is ${context.cluster}` : undefined,
  run: ({ context }) => titled(bounded.claimCluster, `claim the cluster as ${context.cluster}`, context),
};
