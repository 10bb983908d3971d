import { cancellationSignal } from '@temporalio/activity';
import { readEtcd } from '../adapters/etcd/read-etcd.js';
import { concludeMarker } from '../adapters/host/marker.js';
import { readHost } from '../adapters/host/read-host.js';
import { readKubeletCertificate } from '../adapters/kubernetes/certificates.js';
import { setNodeLabelsAndTaints, waitForNodeReady } from '../adapters/kubernetes/change-node.js';
import { waitForControlPlane } from '../adapters/kubernetes/wait-for-control-plane.js';
import { QuorateError } from '../model/failures/failure.js';
import { isAtAddress } from '../model/etcd/member-decision.js';
import type { OperationContext } from '../model/operation.js';
import { missingNodeSettings } from '../model/node-settings.js';
import { definitionOf } from '../model/operations.js';
import { isStarted, memberLabel } from '../model/etcd/quorum.js';
import { markerOf } from './shared/claimant.js';
import type { Activities } from './contract.js';
import { hostOf, pickControlPlane } from './shared/control-plane.js';
import type { Dependencies } from './dependencies.js';

/** A started voter with the target's own name and address, as another member (or, alone, the only one) lists it. */
const proveVoter = async (dependencies: Dependencies, context: OperationContext): Promise<string> => {
  const { target } = context;
  const asked = definitionOf(context).makesCluster
    ? hostOf(dependencies, target)
    : (await pickControlPlane(dependencies, context)).host;
  const { members } = await readEtcd(asked);
  const member = members.find((one) => isAtAddress(one, target.address));
  if (member === undefined || !isStarted(member) || member.isLearner || member.status === undefined) {
    const seen =
      member === undefined
        ? 'is not in the member list'
        : member.isLearner
          ? 'is a learner'
          : isStarted(member)
            ? 'does not answer'
            : 'never started';
    const leader = members.find((one) => one.status?.isLeader === true)?.status;
    const gap =
      leader !== undefined && member?.status !== undefined
        ? [`raft log: leader ${leader.raftIndex}, member ${member.status.raftAppliedIndex}`]
        : [];
    throw new QuorateError('MemberNotVoter', `the etcd member of ${target.name} ${seen}`, {
      host: target.name,
      remedy: `look at port 2380 between ${target.name} and its peers, and at the log of its etcd Pod, then retry`,
      evidence: [...members.map((one) => memberLabel(one)), ...gap],
    });
  }
  return `started voter ${memberLabel(member)} of ${members.filter((one) => !one.isLearner).length}`;
};

const proveNode = async (
  dependencies: Dependencies,
  context: OperationContext,
  acceptMissingNetwork: boolean,
): Promise<string> => {
  const { target, policy } = context;
  const { machineId } = await readHost(hostOf(dependencies, target), {
    address: target.address,
    criSocket: context.kubeadm.criSocket,
    signal: cancellationSignal(),
  });
  // A worker has no API server of its own: a control-plane host is asked for it.
  const asked = definitionOf(context).hasEtcdMember
    ? { host: hostOf(dependencies, target), entry: target }
    : await pickControlPlane(dependencies, context);
  const node = await waitForNodeReady(asked.host, asked.entry.address, target.name, {
    timeoutMs: policy.readyBudgetMs,
    machine: { machineId, address: target.address },
    signal: cancellationSignal(),
    acceptMissingNetwork,
  });
  const wanted = missingNodeSettings(target, definitionOf(context).hasEtcdMember, node);
  await setNodeLabelsAndTaints(asked.host, asked.entry.address, target.name, wanted);
  return node.ready
    ? `Node Ready (${node.kubeletVersion})`
    : `Node registered (${node.kubeletVersion}), Ready once a CNI plugin is applied`;
};

export const proofActivities = (dependencies: Dependencies): Pick<Activities, 'proveControlPlane' | 'proveWorker'> => ({
  proveControlPlane: async (context) => {
    const { target, policy } = context;
    await waitForControlPlane(hostOf(dependencies, target), target.address, {
      timeoutMs: policy.readyBudgetMs,
      signal: cancellationSignal(),
    });
    const [voter, node] = await Promise.all([
      proveVoter(dependencies, context),
      // The CNI plugin can only be applied once there is a cluster.
      proveNode(dependencies, context, definitionOf(context).makesCluster),
    ]);
    await concludeMarker(hostOf(dependencies, target), markerOf(context));
    return `${voter}, /readyz and static Pods ok, ${node}`;
  },

  proveWorker: async (context) => {
    const { target, cluster } = context;
    const host = hostOf(dependencies, target);
    const [node, certificate] = await Promise.all([
      proveNode(dependencies, context, false),
      readKubeletCertificate(host),
    ]);
    if (!certificate.verified) {
      throw new QuorateError(
        'TlsBootstrapStuck',
        `the kubelet of ${target.name} has no client certificate of ${cluster}'s CA`,
        {
          host: target.name,
          remedy: `look at \`journalctl -u kubelet\` on ${target.name} and at \`kubectl get csr\`, then retry`,
          evidence: [certificate.subject === '' ? 'no certificate' : `certificate of ${certificate.subject}`],
        },
      );
    }
    await concludeMarker(host, markerOf(context));
    return `${node}, client certificate ${certificate.subject} of this cluster's CA`;
  },
});
