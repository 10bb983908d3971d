import { alreadyJoinedLine } from '../../model/plan.js';
import { defineOperation } from '../operation.js';
import { claim } from '../steps/claim.js';
import { prepare, removeStaleNode, reset } from '../steps/host.js';
import { credentials, join, revoke } from '../steps/kubeadm.js';
import { check, read, stopEarlier } from '../steps/observe.js';
import { proveWorker } from '../steps/proof.js';
import { newState, unlessJoined } from '../steps/state.js';
import type { JoinState } from '../steps/state.js';

/** Joins a host as a worker; may run beside other worker joins and one membership change. */
export const joinWorker = defineOperation<JoinState>({
  begin: newState,
  alreadyDone: alreadyJoinedLine,
  steps: () => [
    read,
    check,
    unlessJoined(claim),
    unlessJoined(stopEarlier),
    unlessJoined(removeStaleNode),
    unlessJoined(reset),
    unlessJoined(prepare),
    unlessJoined(credentials),
    unlessJoined(join),
    proveWorker,
    revoke,
  ],
  summary: ({ context, proof }) => `${context.target.name} is a worker of ${context.cluster}: ${proof}`,
});
