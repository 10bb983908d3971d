import type { Before } from '../../activities/contract.js';
import type { Checked } from '../../model/checked.js';
import type { ClusterFacts, NodeFacts } from '../../model/facts/cluster-facts.js';
import type { HostFacts } from '../../model/facts/host-facts.js';
import type { Keep } from '../../model/reset/keep.js';
import type { OperationContext } from '../../model/operation.js';
import type { ReachFacts } from '../../model/facts/reach-facts.js';
import type { OperationState, Step } from '../step.js';

/** What the steps of `init` and the joins hand on. */
export interface JoinState extends OperationState {
  host?: HostFacts;
  cluster?: ClusterFacts;
  reach?: ReachFacts;
  /** What the last check saw, on which every destructive step rests. */
  checked?: Checked;
  /** The host is a proven member already: nothing to do but prove it. */
  alreadyJoined?: boolean;
  /** It was so before this operation changed anything: its undo leaves the host's backend as it was. */
  joinedBefore?: boolean;
  /** The host's backend before this operation changed anything; `unread` until it registers it, where it could not be read. */
  backendBefore?: 'none' | 'disabled' | 'enabled' | 'unread';
  /** What a reset has to clean away; absent when the host is clean. */
  dirty?: boolean;
  /** When the credentials of this round end, epoch milliseconds. */
  credentialsUntilMs?: number;
  /** Round in which kubeadm was begun last: then it has had its credentials. */
  begunInRound?: number;
  /** This operation has begun to reset the host: what it was before is gone. */
  wasReset?: boolean;
  /**
   * uid of the Node of that name before this operation changed the host: its undo deletes only another one. Absent also
   * when it was the host's own and the operation has reset the host: then no kubelet stands behind it any more.
   */
  nodeUidBefore?: string | undefined;
  /** The machine that this operation changes, and what lay on it before. */
  machineId?: string;
  keep?: Keep;
  /** How the proof reads, for the summary. */
  proof?: string;
}

/** A step of a join that is left out where the host is a member already. */
export const unlessJoined = (step: Step<JoinState>): Step<JoinState> => ({
  ...step,
  skipWhen: (state) => (state.alreadyJoined === true ? 'the host is a member already' : step.skipWhen?.(state)),
});

export const newState = (context: OperationContext): JoinState => ({ context, approvals: new Map() });

/** The facts of step `read`; the steps after it run only when it has succeeded. */
export const facts = (state: JoinState): { host: HostFacts; cluster: ClusterFacts; reach: ReachFacts } => {
  const { host, cluster, reach } = state;
  if (host === undefined || cluster === undefined || reach === undefined) {
    throw new Error('the step "read" must come before the steps that use what it read');
  }
  return { host, cluster, reach };
};

/** What the step `check` saw; the steps after it run only when it has succeeded. */
export const checkedIn = ({ checked }: JoinState): Checked => {
  if (checked === undefined) throw new Error('the step "check" must come before the steps that act on what it checked');
  return checked;
};

/** What an undo goes back to. */
export const beforeOf = ({ nodeUidBefore, machineId = '', keep }: JoinState): Before => ({
  ...(nodeUidBefore === undefined ? {} : { nodeUid: nodeUidBefore }),
  machineId,
  ...(keep === undefined ? {} : { keep }),
});

/** The Node of the host's name, as it was read. */
export const nodeOf = ({ cluster, context }: JoinState): NodeFacts | undefined =>
  cluster?.nodes.find(({ name }) => name === context.target.name);
