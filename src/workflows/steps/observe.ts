import { QuorateError, failureClasses } from '../../model/failure.js';
import type { OperationContext } from '../../model/operation.js';
import { plan } from '../../model/plan.js';
import { alreadyJoined, describeDirt } from '../../model/preflight/dirt.js';
import { preflight } from '../../model/preflight/index.js';
import type { Finding } from '../../model/preflight/finding.js';
import { short, titled } from '../activities.js';
import { ApprovalNeeded } from '../failures.js';
import type { Step } from '../step.js';
import { facts } from './state.js';
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
export const read: Step<JoinState> = {
  id: 'read',
  title: ({ target }) => `read ${target.name}, the cluster and the ways between them`,
  changes: false,
  run: async (state) => {
    const context = impatient(state.context);
    const { name } = context.target;
    // All settle before the first failure is thrown: none is left running behind a decision.
    const [host, cluster, reach] = await Promise.allSettled([
      titled(short.readHost, `read ${name}`, context),
      titled(short.readCluster, `read the cluster ${context.cluster}`, state.context),
      titled(short.checkReach, `reach between ${name}, the endpoint and its peers`, context),
    ]);
    if (host.status === 'rejected') throw host.reason;
    if (cluster.status === 'rejected') throw cluster.reason;
    if (reach.status === 'rejected') throw reach.reason;
    state.host = host.value;
    state.cluster = cluster.value;
    state.reach = reach.value;
    const ready = cluster.value.controlPlane.filter((server) => server.ready).length;
    return `${host.value.os}, kubeadm ${host.value.versions.kubeadm ?? 'missing'}; ${ready} of ${context.controlPlane.length} API servers ready`;
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

/** The one gate before any change: everything fatal at once, then what needs an approval, then the plan. */
export const check: Step<JoinState> = {
  id: 'check',
  title: ({ target }) => `check ${target.name} against the cluster and plan`,
  changes: false,
  retryFrom: 'read',
  // An election or a restart of an API server is normal on a cluster that was just changed: look again before asking.
  recoverFrom: (type, times, { policy }) =>
    failureClasses[type] === 'cluster-unhealthy' && times < rereads
      ? { step: 'read', afterMs: Math.min(rereadAfterMs, policy.readyBudgetMs) }
      : undefined,
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
    const ownLeftovers = host.marker?.operation === context.operation;
    state.dirty = dirt !== undefined;
    state.nodeUidBefore = cluster.nodes.find((node) => node.name === context.target.name)?.uid;
    const unapproved = findings.find(
      (finding) =>
        finding.severity === 'approval' &&
        !state.approvals.has(finding.code) &&
        !(finding.code === 'DirtyHost' && ownLeftovers),
    );
    if (unapproved !== undefined) {
      throw new ApprovalNeeded({
        type: unapproved.code,
        message: unapproved.message,
        details: { host: context.target.name, remedy: unapproved.remedy, evidence: unapproved.evidence },
      });
    }
    const lines = plan(context, host, cluster);
    const warnings = findings
      .filter((finding) => finding.severity === 'warning')
      .map((finding) => `note: ${finding.message}`);
    tools.plan([...lines, ...warnings]);
    state.joinedBefore ??= state.alreadyJoined && !ownLeftovers;
    return state.alreadyJoined
      ? `${context.target.name} is a member already: only the proof is left`
      : lines.join('; ');
  },
};
