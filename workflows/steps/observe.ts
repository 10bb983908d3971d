import { failureClasses, QuorateError } from '../../model/failures/failure.js';
import { failurePolicy } from '../../model/failures/failure-policy.js';
import type { ClusterFacts } from '../../model/facts/cluster-facts.js';
import type { HostFacts } from '../../model/facts/host-facts.js';
import type { OperationContext } from '../../model/operation.js';
import type { ReachFacts } from '../../model/facts/reach-facts.js';
import { checkedOf } from '../../model/checked.js';
import { keepOf } from '../../model/reset/keep.js';
import { definitionOf } from '../../model/operations.js';
import { stopLines } from '../../model/plan.js';
import { planSubject } from '../../model/plan-subject.js';
import { alreadyJoined, describeDirt } from '../../model/preflight/dirt.js';
import { preflight } from '../../model/preflight/index.js';
import type { Finding } from '../../model/preflight/finding.js';
import { isOwnAttempt } from '../../model/preflight/ownership.js';
import { bounded, titled } from '../activity-proxies.js';
import { ApprovalNeeded } from '../failures.js';
import type { Failure } from '../failures.js';
import { isApproved } from '../step.js';
import type { Step } from '../step.js';
import { checkedIn, facts, nodeOf } from './state.js';
import type { JoinState } from './state.js';

/** While only reading, an operator waits at the terminal: an unreachable host is said so sooner than in the middle of a change. */
const readingBudgetMs = 30_000;

const rereads = 3;
const rereadAfterMs = 5_000;

const impatient = (context: OperationContext): OperationContext => ({
  ...context,
  policy: {
    ...context.policy,
    unreachableBudgetMs: Math.min(readingBudgetMs, context.policy.unreachableBudgetMs),
  },
});

/** Reads the host, the cluster and the ways between them, side by side. */
export const readWorld = async (
  context: OperationContext,
): Promise<{ host: HostFacts; cluster: ClusterFacts; reach: ReachFacts }> => {
  const soon = impatient(context);
  const { name } = context.target;
  // All settle before the first failure is thrown: none is left running behind a decision.
  const [host, cluster, reach] = await Promise.allSettled([
    titled(bounded.readHost, `read ${name}`, soon),
    titled(bounded.readCluster, `read the cluster ${context.cluster}`, context),
    titled(bounded.checkReach, `reach between ${name}, the endpoint and its peers`, soon),
  ]);
  if (host.status === 'rejected') throw host.reason;
  if (cluster.status === 'rejected') throw cluster.reason;
  if (reach.status === 'rejected') throw reach.reason;
  return { host: host.value, cluster: cluster.value, reach: reach.value };
};

/** An election or a restart of an API server is normal on a cluster that was just changed: look again before asking. */
const lookAgain: NonNullable<Step<JoinState>['recoverFrom']> = (type, times, { policy }) =>
  failurePolicy(type).beforeAnyChange === 'wait' && times < rereads
    ? { step: 'read', afterMs: Math.min(rereadAfterMs, policy.readyBudgetMs) }
    : undefined;

export const read: Step<JoinState> = {
  id: 'read',
  title: ({ target }) => `read ${target.name}, the cluster and the ways between them`,
  changes: false,
  budgetMs: (context) => impatient(context).policy.unreachableBudgetMs,
  // What passes was tried again in place already.
  recoverFrom: (type, times, context) =>
    failureClasses[type] === 'cluster-unhealthy' ? lookAgain(type, times, context) : undefined,
  run: async (state) => {
    const { host, cluster } = Object.assign(state, await readWorld(state.context));
    // From here on only servers of this cluster are asked, whatever a host becomes meanwhile. An init makes its own.
    if (!definitionOf(state.context).makesCluster && state.context.caHash === undefined && cluster.caHash !== undefined)
      state.context = { ...state.context, caHash: cluster.caHash };
    const ready = cluster.controlPlane.filter((server) => server.ready).length;
    return `${host.os}, kubeadm ${host.versions.kubeadm ?? 'missing'}; ${ready} of ${state.context.controlPlane.length} API servers ready`;
  },
};

const throwFatal = (fatal: readonly Finding[], host: string): void => {
  const [first, ...others] = fatal;
  if (first === undefined) return;
  throw new QuorateError(first.code, first.message, {
    host,
    remedy: first.remedy,
    evidence: [...first.evidence, ...others.map((finding) => `${finding.code}: ${finding.message}. ${finding.remedy}`)],
  });
};

const backendOf = (
  { backends, backendsUnread }: ClusterFacts,
  name: string,
): NonNullable<JoinState['backendBefore']> => {
  const own = backends.filter((backend) => backend.name === name);
  if (own.length === 0) return backendsUnread === true ? 'unread' : 'none';
  return own.some(({ status }) => !status.startsWith('MAINT')) ? 'enabled' : 'disabled';
};

/** Once the host is reset or kubeadm was begun on it, what is there is perhaps the operation's own; on another machine it is not. */
const rememberWhatWas = (state: JoinState): void => {
  const { host, cluster } = facts(state);
  state.backendBefore ??= backendOf(cluster, state.context.target.name);
  const isNew = state.machineId !== undefined && state.machineId !== host.machineId;
  if (!isNew && (state.wasReset === true || state.begunInRound !== undefined)) return;
  state.machineId = host.machineId;
  state.nodeUidBefore = nodeOf(state)?.uid;
  state.keep = keepOf(host, { reset: state.dirty === true });
};

/** The one gate before any change: everything fatal at once, then what needs an approval, then the plan. */
export const check: Step<JoinState> = {
  id: 'check',
  title: ({ target }) => `check ${target.name} against the cluster and plan`,
  changes: false,
  restsOn: 'read',
  recoverFrom: lookAgain,
  // oxlint-disable-next-line require-await -- steps are asynchronous; this one is pure
  run: async (state, tools) => {
    const { host, cluster, reach } = facts(state);
    const { context } = state;
    state.alreadyJoined = alreadyJoined(context, host, cluster);
    const findings = preflight(context, host, cluster, reach);
    throwFatal(
      findings.filter((finding) => finding.severity === 'fatal'),
      context.target.name,
    );
    const dirt = state.alreadyJoined ? undefined : describeDirt(context, host, cluster);
    const ownLeftovers = isOwnAttempt(context, host);
    state.dirty = dirt !== undefined;
    state.checked = checkedOf(context, host, cluster, ownLeftovers);
    rememberWhatWas(state);
    const needApproval = (subject: string, failure: Failure): void => {
      if (!isApproved(state, failure.type, subject, Date.now())) throw new ApprovalNeeded(failure, subject);
    };
    for (const { code, severity, subject = '', message, remedy, evidence } of findings) {
      if (severity !== 'approval' || (code === 'DirtyHost' && ownLeftovers)) continue;
      needApproval(subject, { type: code, message, details: { host: context.target.name, remedy, evidence } });
    }
    const lines = tools.planned({ context, host, cluster });
    const warnings = findings
      .filter((finding) => finding.severity === 'warning')
      .map((finding) => `note: ${finding.message}`);
    tools.plan([...lines, ...warnings]);
    if (context.policy.approvals.plans && !state.alreadyJoined) {
      needApproval(planSubject(context, host, cluster), {
        type: 'PlanNeedsApproval',
        message: `the plan of ${context.kind} ${context.target.name} waits for an approval`,
        details: {
          host: context.target.name,
          remedy: 'read the plan, then approve or abort; nothing was changed yet',
          evidence: lines,
        },
      });
    }
    state.joinedBefore ??= state.alreadyJoined && host.marker?.ofThisRun !== true;
    return state.alreadyJoined
      ? `${context.target.name} is a member already: only the proof is left`
      : lines.join('; ');
  },
};

/**
 * An operation that was aborted, or terminated in Temporal, may have left kubeadm running on the host; the membership
 * lock says that nobody waits for it any more. It is ended before anything else is changed, and the world read again.
 */
export const stopEarlier: Step<JoinState> = {
  id: 'stop-earlier',
  title: ({ target }) => `stop what an earlier operation left running on ${target.name}`,
  changes: true,
  restsOn: 'read',
  recoverFrom: lookAgain,
  plan: stopLines,
  skipWhen: (state) => ((state.host?.runningUnits ?? []).length === 0 ? 'nothing of it runs' : undefined),
  run: async (state, tools) => {
    const { context } = state;
    const stopped = await titled(
      bounded.stopEarlier,
      `stop earlier commands on ${context.target.name}`,
      context,
      checkedIn(state),
    );
    Object.assign(state, await readWorld(context));
    return `${stopped}; read again: ${await check.run(state, tools)}`;
  },
};
