import type { SubmitRequest } from '../../model/messages.js';
import { runOperation } from '../runner.js';
import type { OperationResult } from '../runner.js';
import type { Step } from '../step.js';
import { prepare, reset } from '../steps/host.js';
import { init, revoke, writeInitConfiguration } from '../steps/kubeadm.js';
import { enable, registerFirst } from '../steps/load-balancer.js';
import { check, read, stopEarlier } from '../steps/observe.js';
import { proveControlPlane } from '../steps/proof.js';
import { newState } from '../steps/state.js';
import type { JoinState } from '../steps/state.js';

const steps: readonly Step<JoinState>[] = [
  read,
  check,
  stopEarlier,
  reset,
  prepare,
  writeInitConfiguration,
  registerFirst,
  init,
  proveControlPlane,
  enable,
  revoke,
];

/** Makes the first control-plane host of a cluster, behind its load balancer from the beginning. */
export const initCluster = ({ context, by }: SubmitRequest): Promise<OperationResult> =>
  runOperation(
    steps,
    newState(context),
    by,
    ({ proof }) => `${context.cluster} runs on ${context.target.name}: ${proof}`,
  );
