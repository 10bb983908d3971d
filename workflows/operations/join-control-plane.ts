import { alreadyJoinedLine } from '../../model/plan.js';
import { defineOperation } from '../operation.js';
import { snapshot } from '../steps/etcd.js';
import { claim } from '../steps/claim.js';
import { prepare, removeStaleMember, reset } from '../steps/host.js';
import { credentials, join, revoke } from '../steps/kubeadm.js';
import { enable, registerDisabled } from '../steps/load-balancer.js';
import { check, read, stopEarlier } from '../steps/observe.js';
import { proveControlPlane } from '../steps/proof.js';
import { newState, unlessJoined } from '../steps/state.js';
import type { JoinState } from '../steps/state.js';

/** Joins a host as one more API server with its stacked etcd member (docs/design.md, A join of a control-plane host). */
export const joinControlPlane = defineOperation<JoinState>({
  begin: newState,
  alreadyDone: alreadyJoinedLine,
  steps: () => [
    read,
    check,
    unlessJoined(claim),
    unlessJoined(stopEarlier),
    unlessJoined(snapshot),
    unlessJoined(removeStaleMember),
    unlessJoined(reset),
    unlessJoined(prepare),
    unlessJoined(credentials),
    unlessJoined(registerDisabled),
    unlessJoined(join),
    proveControlPlane,
    enable,
    revoke,
  ],
  summary: ({ context, proof }) => `${context.target.name} is a control-plane host of ${context.cluster}: ${proof}`,
});
