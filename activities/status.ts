import { readyzThroughEndpoint } from '../adapters/kubernetes/readyz.js';
import { isHealthyVoter } from '../model/cluster-facts.js';
import type { ClusterFacts } from '../model/cluster-facts.js';
import type { OperationContext } from '../model/operation.js';
import { errorText } from '../model/operator-error.js';
import { isStarted, memberLabel, quorumState } from '../model/quorum.js';
import type { EtcdMemberStatus, StatusReport } from '../model/status.js';
import { certificateProblems, readCertificates, type CertificateReport } from './certificate-status.js';
import type { Activities } from './contract.js';
import { hostOf } from './control-plane.js';
import type { Dependencies } from './dependencies.js';
import { readClusterFrom } from './read.js';

const staleLeaseSeconds = 30;

const memberStatus = (facts: ClusterFacts): EtcdMemberStatus[] => {
  const members = facts.etcd?.members ?? [];
  const leader = members.find((member) => member.status?.isLeader === true);
  return members.map((member) => {
    const { status } = member;
    const role = !isStarted(member)
      ? 'unstarted'
      : member.isLearner
        ? 'learner'
        : status?.isLeader === true
          ? 'leader'
          : 'voter';
    const healthy = member.isLearner ? status !== undefined : isHealthyVoter(member);
    const because = status === undefined ? 'does not answer' : status.errors.join(', ');
    return {
      ...(member.name === undefined ? {} : { name: member.name }),
      id: member.id,
      role,
      healthy,
      ...(healthy || because === '' ? {} : { because }),
      ...(status === undefined
        ? {}
        : {
            ...(leader?.status === undefined
              ? {}
              : { behind: Math.max(0, leader.status.raftIndex - status.raftAppliedIndex) }),
            dbSizeBytes: status.dbSizeBytes,
            version: status.version,
          }),
    };
  });
};

const problemsOf = (
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

export const statusActivities = (dependencies: Dependencies): Pick<Activities, 'readStatus'> => ({
  readStatus: async (context) => {
    const facts = await readClusterFrom(dependencies, context, context.controlPlane);
    const initialised = context.controlPlane.filter((entry) =>
      facts.controlPlane.some(({ host, initialised: yes }) => host === entry.name && yes),
    );
    const from =
      context.controlPlane.find(({ name }) => name === facts.askedAt) ?? initialised[0] ?? context.controlPlane[0];
    const [endpoint, certificates] = await Promise.all([
      from === undefined
        ? { ok: false, because: 'no control-plane host in the specification' }
        : readyzThroughEndpoint(hostOf(dependencies, from), context.endpoint).catch((error: unknown) => ({
            ok: false,
            because: errorText(error),
          })),
      readCertificates(initialised.map((entry) => ({ name: entry.name, host: hostOf(dependencies, entry) }))),
    ]);
    const quorum = quorumState(facts.etcd?.members ?? []);
    const report: Omit<StatusReport, 'problems'> = {
      cluster: context.cluster,
      at: new Date().toISOString(),
      ...(facts.askedAt === undefined ? {} : { askedAt: facts.askedAt }),
      apiServers: facts.controlPlane.map(({ host, ready, because }) => ({
        host,
        address: context.controlPlane.find(({ name }) => name === host)?.address ?? '',
        ready,
        ...(because === undefined ? {} : { because }),
        ...(host === facts.askedAt && facts.serverVersion !== undefined ? { version: facts.serverVersion } : {}),
      })),
      endpoint: { address: context.endpoint, ...endpoint },
      backends: facts.backends,
      ...(facts.etcd === undefined
        ? {}
        : {
            etcd: {
              members: memberStatus(facts),
              alarms: facts.etcd.alarms,
              voters: quorum.voters,
              quorum: quorum.quorum,
              tolerates: quorum.healthy - quorum.quorum,
            },
          }),
      leases: facts.leases,
      nodes: facts.nodes,
      certificates: certificates.certificates,
      certificateAuthorities: certificates.certificateAuthorities,
    };
    return { ...report, problems: problemsOf(context, facts, report, certificates) };
  },
});
