import type { Checked } from '../model/checked.js';
import type { ClusterFacts } from '../model/facts/cluster-facts.js';
import type { ProbeKind } from '../model/failures/failure-policy.js';
import type { QueueMemory } from '../model/queue-memory.js';
import type { OperationEvent } from '../model/notifications/operation-event.js';
import type { JoinFacts } from '../model/facts/join-facts.js';
import type { UnitOutcome } from '../model/facts/unit-outcome.js';
import type { HostFacts } from '../model/facts/host-facts.js';
import type { Keep } from '../model/reset/keep.js';
import type { OperationContext } from '../model/operation.js';
import type { ReachFacts } from '../model/facts/reach-facts.js';
import type { StatusReport } from '../model/status/status.js';

/** Short-lived join credentials without their secret parts. */
interface CredentialsFacts {
  readonly tokenId: string;
  readonly expiresAt: string;
  readonly caHash: string;
  readonly mintedOn: string;
}

/** What was before the operation began to change the host: its undo goes back to that. */
export interface Before {
  /** uid of the Node of the host's name; absent when there was none, or the operation has reset the host it stood for. */
  readonly nodeUid?: string | undefined;
  readonly machineId: string;
  readonly keep?: Keep | undefined;
}

/** One line for the operator about what an undo or a change did, such as "removed the learner cp3". */
type Note = string;

/** The activities that operations call; `createActivities` makes them. Each one observes, acts if needed, and verifies. */
export interface Activities {
  // reading
  readHost(context: OperationContext): Promise<HostFacts>;
  readCluster(context: OperationContext): Promise<ClusterFacts>;
  checkReach(context: OperationContext): Promise<ReachFacts>;
  readStatus(context: OperationContext): Promise<StatusReport>;
  // the cluster's name
  /**
   * Sees that the cluster says that it is managed under the name of the specification, and writes it where nobody has yet.
   * @throws ApplicationFailure ClusterMismatch when it is managed under another name
   */
  claimCluster(context: OperationContext): Promise<Note>;
  // etcd
  snapshotEtcd(context: OperationContext): Promise<Note>;
  /**
   * Removes the stale member, of a control-plane host, and the Node of the target itself; projected right before.
   * @throws ApplicationFailure ChangedSinceCheck when the host, a member or the Node is another than was checked
   */
  removeStaleMember(context: OperationContext, checked: Checked): Promise<Note>;
  // host
  /** Ends the commands that earlier operations left running on the target, so that nothing changes under this one. */
  stopEarlier(context: OperationContext, checked: Checked): Promise<Note>;
  /**
   * `kubeadm reset` and what it leaves, on the host that was checked and that nothing lives on.
   * @param options.keep what was there before the operation and nobody was asked about; absent: all that looks like a node's
   *   goes
   * @param options.attach only follows the command that was begun before sight of it was lost
   * @throws ApplicationFailure ChangedSinceCheck when it is another host, or carries another node, by now
   */
  resetHost(context: OperationContext, checked: Checked, options?: { keep?: Keep; attach?: boolean }): Promise<Note>;
  prepareHost(context: OperationContext): Promise<Note>;
  // kubeadm
  createCredentials(context: OperationContext): Promise<CredentialsFacts>;
  revokeCredentials(context: OperationContext): Promise<Note>;
  writeInitConfiguration(context: OperationContext): Promise<Note>;
  /**
   * Starts kubeadm on the host that was checked, or finds it again, and follows it to its end.
   * @param options.attach only follows the one that was begun before sight of it was lost
   * @throws ApplicationFailure ChangedSinceCheck when it is another host, or carries another node, by now, and with `attach`
   *   when none was begun
   */
  runKubeadm(context: OperationContext, checked: Checked, options?: { attach?: boolean }): Promise<UnitOutcome>;
  readJoin(context: OperationContext): Promise<JoinFacts>;
  /**
   * Undo of a join: stop the unit, leave etcd by observation, reset, delete the Node unless it is the one from before. The
   * member and the Node are undone at a survivor whatever became of the host; only what is this run's own is reset.
   */
  undoJoin(context: OperationContext, before: Before): Promise<Note>;
  undoInit(context: OperationContext, before: Before): Promise<Note>;
  // proofs
  proveControlPlane(context: OperationContext): Promise<Note>;
  proveWorker(context: OperationContext): Promise<Note>;
  // load balancer
  registerBackend(context: OperationContext, enabled: boolean): Promise<Note>;
  enableBackend(context: OperationContext): Promise<Note>;
  disableBackend(context: OperationContext): Promise<Note>;
  removeBackend(context: OperationContext): Promise<Note>;
  // blocked operations
  /**
   * Looks once whether the cause of a block is gone; answers what it saw.
   * @param cause.host host that the failure was about
   * @throws ApplicationFailure CauseNotGone, to be tried again, with what is still wrong
   */
  probeCause(context: OperationContext, cause: { kind: ProbeKind; host?: string }): Promise<string>;
  // notifications
  /** Tells one webhook of the worker's configuration about an event. */
  notify(webhook: string, event: OperationEvent): Promise<Note>;
  // the cluster entity
  /** The newest run of an operation, running or ended; null when it never began. Asks visibility. */
  findOperation(asked: { cluster: string; operation: string }): Promise<{ workflowId: string; runId: string } | null>;
  /** Watches a workflow to its end, and after a reset its new run; answers what it was. @param runId default the newest */
  watchOperation(workflowId: string, runId?: string): Promise<OperationEnding>;
  /**
   * Looks once how a run, or the run that a reset put in its place, has ended.
   * @throws ApplicationFailure StillRuns, to be tried again
   */
  seeEnding(workflowId: string, runId: string): Promise<OperationEnding>;
  /** What the queue of a cluster knew when it was lost, a part at a time; null when there was none before this one. */
  recallQueue(place: { cluster: string } & Partial<RecallPlace>): Promise<RecalledPart | null>;
}

/** How an operation ended, as its workflow tells. */
export interface OperationEnding {
  /** Empty when the workflow does not tell. */
  readonly operation: string;
  readonly runId: string;
  readonly outcome: string;
  readonly message?: string;
}

/** Run of a lost queue, and the entry from which its memory is read. */
export interface RecallPlace {
  readonly runId: string;
  readonly from: number;
}

interface RecalledPart {
  readonly memory: QueueMemory;
  /** When that run was lost, ISO 8601. */
  readonly lostAt: string;
  readonly next: RecallPlace | null;
}
