import type { SubmitRequest } from '../../model/messages.js';
import { runOperation } from '../runner.js';
import type { OperationResult } from '../runner.js';
import type { Step } from '../step.js';
import { snapshot } from '../steps/etcd.js';
import { prepare, removeStaleMember, reset } from '../steps/host.js';
import { credentials, join, revoke } from '../steps/kubeadm.js';
import { enable, registerDisabled } from '../steps/load-balancer.js';
import { check, read, stopEarlier } from '../steps/observe.js';
import { proveControlPlane } from '../steps/proof.js';
import { newState } from '../steps/state.js';
import type { JoinState } from '../steps/state.js';

const steps: readonly Step<JoinState>[] = [
  read,
  check,
  stopEarlier,
  snapshot,
  removeStaleMember,
  reset,
  prepare,
  credentials,
  registerDisabled,
  join,
  proveControlPlane,
  enable,
  revoke,
];

/** Joins a host as one more API server with its stacked etcd member (docs/design.md, A join of a control-plane host). */
export const joinControlPlane = ({ context, by }: SubmitRequest): Promise<OperationResult> =>
  runOperation(
    steps,
    newState(context),
    by,
    ({ proof }) => `${context.target.name} is a control-plane host of ${context.cluster}: ${proof}`,
  );
