import { alreadyJoinedLine } from '../../model/plan.js';
import { defineOperation } from '../operation.js';
import { claim } from '../steps/claim.js';
import { prepare, reset } from '../steps/host.js';
import { init, revoke, writeInitConfiguration } from '../steps/kubeadm.js';
import { enable, registerFirst } from '../steps/load-balancer.js';
import { check, read, stopEarlier } from '../steps/observe.js';
import { proveControlPlane } from '../steps/proof.js';
import { newState, unlessJoined } from '../steps/state.js';
import type { JoinState } from '../steps/state.js';

/** Makes the first control-plane host of a cluster, behind its load balancer from the beginning. */
export const initCluster = defineOperation<JoinState>({
  begin: newState,
  alreadyDone: alreadyJoinedLine,
  steps: () => [
    read,
    check,
    unlessJoined(stopEarlier),
    unlessJoined(reset),
    unlessJoined(prepare),
    unlessJoined(writeInitConfiguration),
    registerFirst,
    unlessJoined(init),
    proveControlPlane,
    enable,
    claim,
    revoke,
  ],
  summary: ({ context, proof }) => `${context.cluster} runs on ${context.target.name}: ${proof}`,
});
