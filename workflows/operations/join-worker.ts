import type { SubmitRequest } from '../../model/messages.js';
import { runOperation } from '../runner.js';
import type { OperationResult } from '../runner.js';
import type { Step } from '../step.js';
import { prepare, removeStaleNode, reset } from '../steps/host.js';
import { credentials, join, revoke } from '../steps/kubeadm.js';
import { check, read, stopEarlier } from '../steps/observe.js';
import { proveWorker } from '../steps/proof.js';
import { newState } from '../steps/state.js';
import type { JoinState } from '../steps/state.js';

const steps: readonly Step<JoinState>[] = [
  read,
  check,
  stopEarlier,
  removeStaleNode,
  reset,
  prepare,
  credentials,
  join,
  proveWorker,
  revoke,
];

/** Joins a host as a worker; may run beside other worker joins and one membership change. */
export const joinWorker = ({ context, by }: SubmitRequest): Promise<OperationResult> =>
  runOperation(
    steps,
    newState(context),
    by,
    ({ proof }) => `${context.target.name} is a worker of ${context.cluster}: ${proof}`,
  );
