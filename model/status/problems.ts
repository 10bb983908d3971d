import type { ClusterFacts } from '../facts/cluster-facts.js';
import type { OperationContext } from '../operation.js';
import { memberLabel } from '../etcd/quorum.js';
import type { StatusReport } from './status.js';
import { certificateProblems, type CertificateReport } from './certificates.js';

/** kube-controller-manager and kube-scheduler renew theirs every few seconds. */
const staleLeaseSeconds = 30;

/** What is wrong with a cluster, one sentence each; empty when all is well. */
export const problemsOf = (
  context: OperationContext,
  facts: ClusterFacts,
  report: Omit<StatusReport, 'problems'>,
  certificates: CertificateReport,
): string[] => [
  ...report.apiServers
    .filter(({ ready }) => !ready)
    .map(({ host, because }) => `API server of ${host}: ${because ?? 'not ready'}`),
  ...(report.endpoint.ok ? [] : [`endpoint ${report.endpoint.address}: ${report.endpoint.because ?? 'no answer'}`]),
  ...report.backends
    .filter(({ status }) => status !== 'UP')
    .map(
      ({ name, status, loadBalancer, lastCheck }) =>
        `backend ${name} on ${loadBalancer} is ${status}${lastCheck === '' ? '' : ` (${lastCheck})`}`,
    ),
  ...(report.etcd?.members ?? [])
    .filter(({ healthy }) => !healthy)
    .map(({ name, id, because }) => `etcd member ${name ?? id}: ${because ?? 'not healthy'}`),
  ...(facts.etcd?.members ?? [])
    .filter(({ isLearner }) => isLearner)
    .map((member) => `etcd member ${memberLabel(member)} is a learner`),
  ...(report.etcd?.alarms ?? []).map((alarm) => `etcd alarm: ${alarm}`),
  ...(report.etcd !== undefined && report.etcd.voters > 1 && report.etcd.tolerates < 1
    ? [`etcd tolerates the loss of no member`]
    : []),
  ...report.leases
    .filter(({ ageSeconds }) => ageSeconds > staleLeaseSeconds)
    .map(({ name, ageSeconds, holder }) => `${name}: lease of ${holder} not renewed for ${ageSeconds} s`),
  ...report.nodes
    .filter(({ ready }) => !ready)
    .map(({ name, notReadyBecause }) => `Node ${name}: ${notReadyBecause ?? 'not Ready'}`),
  ...certificateProblems(certificates),
  ...(facts.askedAt === undefined
    ? [`no API server of ${context.cluster} is ready: Nodes and leases are not known`]
    : []),
];
