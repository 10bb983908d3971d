/** How a failure is treated; see docs/design.md, Failures are a closed list, with one table of treatments. */
export type FailureClass =
  | 'transient' // retried until the step's budget, then the operation blocks
  | 'not-ready-yet' // retried quietly until the budget, then the operation blocks with the measured gap
  | 'credential' // minted again once, then the operation blocks
  | 'dirty-host' // reset by policy, or the operation blocks for approval
  | 'approval' // the operation blocks until somebody approves
  | 'cluster-unhealthy' // the operation blocks
  | 'definitive'; // the operation fails before any change, and blocks after one

/**
 * The closed list of failures. Shared by activities (type of the ApplicationFailure), retry policies,
 * blocked reasons, and the headings of docs/runbook.md (a test holds them together).
 */
export const failureClasses = {
  // transient
  Unreachable: 'transient', // no SSH connection to a host, or it was lost
  ApiUnavailable: 'transient', // the Kubernetes API did not answer where it was asked
  EtcdUnavailable: 'transient', // etcd did not answer, or had no leader
  LoadBalancerUnavailable: 'transient', // HAProxy's runtime socket did not answer, or no host reaches the endpoint
  // not ready yet
  NodeNotReady: 'not-ready-yet',
  MemberNotVoter: 'not-ready-yet', // learner, or not started
  ControlPlaneNotReady: 'not-ready-yet', // /readyz or a static Pod
  BackendNotUp: 'not-ready-yet',
  HostNotClean: 'not-ready-yet', // leftovers still there after a reset
  // credential
  CredentialRejected: 'credential', // token or certificate key expired, unsigned or overwritten
  // dirty host
  DirtyHost: 'dirty-host', // leftovers of an earlier node
  ForeignHost: 'dirty-host', // belongs to another cluster that is alive
  PortInUse: 'dirty-host', // a port Kubernetes needs is held by something else
  // approval
  PlanNeedsApproval: 'approval', // the policy wants each plan approved before the first change
  PeersUnreachable: 'approval', // control-plane hosts that may carry the cluster could not be asked before an init
  // cluster unhealthy
  QuorumAtRisk: 'cluster-unhealthy', // the projection refuses the change
  EtcdUnhealthy: 'cluster-unhealthy', // member down, alarm, learner pending
  StaleMember: 'cluster-unhealthy', // a stale etcd member, removal needs approval
  NoSpace: 'cluster-unhealthy', // no control-plane host has room for a snapshot of etcd
  ControllerManagerNotLeading: 'cluster-unhealthy', // tokens are not signed, CSRs not approved
  // definitive
  InvalidSpecification: 'definitive',
  UnknownHost: 'definitive', // not in the SSH configuration, or its name does not resolve
  HostKeyUnknown: 'definitive',
  HostKeyMismatch: 'definitive',
  AuthenticationFailed: 'definitive',
  SudoRefused: 'definitive',
  HostUnsuitable: 'definitive', // preflight: cgroup, swap, disk, runtime, missing programs, sysctl
  VersionSkew: 'definitive',
  ClockSkew: 'definitive',
  IdentityConflict: 'definitive', // node name, address or member belongs to another machine
  EndpointUnreachable: 'definitive', // the host cannot reach the endpoint or its peers
  ClusterMismatch: 'definitive', // cluster-info, kubeadm-config and the specification disagree
  AlreadyInitialised: 'definitive', // init on a cluster that exists
  NotInitialised: 'definitive', // join into a cluster that does not exist
  // after a change
  ChangedSinceCheck: 'definitive', // the host or the cluster is no longer what was checked, again and again
  KubeadmFailed: 'definitive', // kubeadm ended with an error that is none of the above
  TlsBootstrapStuck: 'definitive', // the kubelet got no certificate; evidence names the missing party
  KubeletNotRunning: 'definitive',
  HostRebooted: 'definitive', // the host restarted under a running command
  CommandFailed: 'definitive', // a command on a host failed in a way nobody foresaw
  UndoFailed: 'definitive', // an undo could not be done safely
} as const satisfies Record<string, FailureClass>;

export type FailureType = keyof typeof failureClasses;

export const failureTypes = Object.keys(failureClasses) as readonly FailureType[];

export const isFailureType = (value: unknown): value is FailureType =>
  typeof value === 'string' && Object.hasOwn(failureClasses, value);

/** What a failure carries to the operator. All texts are free of secrets and bounded (evidence at most 20 lines). */
export interface FailureDetails {
  /** Host it happened on, by its name in the specification; absent when it is about the cluster. */
  readonly host?: string;
  /** The next command or setting that mends it. */
  readonly remedy: string;
  /** What was seen, one line each. */
  readonly evidence: readonly string[];
}

/** Thrown by adapters and pure checks; activities turn it into an ApplicationFailure of the same type. */
export class QuorateError extends Error {
  override readonly name = 'QuorateError';
  readonly type: FailureType;
  readonly details: FailureDetails;
  constructor(
    type: FailureType,
    message: string,
    details: { host?: string; remedy: string; evidence?: readonly string[]; cause?: unknown },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.type = type;
    this.details = {
      ...(details.host === undefined ? {} : { host: details.host }),
      remedy: details.remedy,
      evidence: (details.evidence ?? []).slice(0, 20),
    };
  }
}
