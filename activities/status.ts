import { readyzThroughEndpoint } from '../adapters/kubernetes/readyz.js';
import { errorText } from '../model/failures/operator-error.js';
import { quorumState } from '../model/etcd/quorum.js';
import type { StatusReport } from '../model/status/status.js';
import { memberStatus } from '../model/status/members.js';
import { problemsOf } from '../model/status/problems.js';
import { readCertificates } from './shared/certificate-status.js';
import type { Activities } from './contract.js';
import { hostOf } from './shared/control-plane.js';
import type { Dependencies } from './dependencies.js';
import { readClusterFrom } from './read.js';

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
