import { cancellationSignal } from '@temporalio/activity';
import { moveLeader, removeMember } from '../adapters/etcd/change-members.js';
import { readEtcd } from '../adapters/etcd/read-etcd.js';
import { saveSnapshot } from '../adapters/etcd/snapshot.js';
import type { Snapshot } from '../adapters/etcd/snapshot.js';
import { deleteNode, readNode } from '../adapters/kubernetes/change-node.js';
import type { EtcdMember } from '../model/cluster-facts.js';
import { isHealthyVoter } from '../model/cluster-facts.js';
import { QuorateError } from '../model/failure.js';
import { decideMember, peerUrlOf } from '../model/member-decision.js';
import type { OperationContext } from '../model/operation.js';
import { memberLabel, projectRemoval } from '../model/quorum.js';
import type { Activities } from './contract.js';
import { pickControlPlane } from './control-plane.js';
import type { ControlPlane } from './control-plane.js';
import type { Dependencies } from './dependencies.js';
import { onFirstWithRoom } from './room.js';

/** Members that belong to the target, by the peer URL of its address or by its name. */
export const membersOfTarget = ({ target }: OperationContext, members: readonly EtcdMember[]): EtcdMember[] =>
  members.filter((member) => member.name === target.name || member.peerUrls.includes(peerUrlOf(target.address)));

/**
 * Removes one member as a survivor sees it: projected on the list just read, leadership moved away first, gone when
 * read again (invariants 1 and 3).
 * @throws QuorateError QuorumAtRisk with the projection when it is refused: nothing was touched
 */
export const removeMemberSafely = async (survivor: ControlPlane, id: string, why: string): Promise<string> => {
  const { members } = await readEtcd(survivor.host);
  const member = members.find((candidate) => candidate.id === id);
  const projection = projectRemoval(members, id);
  if (member === undefined) return `etcd member ${id} is gone already`;
  if (!projection.allowed) {
    throw new QuorateError(
      'QuorumAtRisk',
      `etcd member ${memberLabel(member)} cannot be removed now: ${projection.because}`,
      {
        remedy: 'bring the missing members back (`quorate status`), then retry',
        evidence: [
          projection.text,
          ...members.map(
            (one) =>
              `${memberLabel(one)}: ${isHealthyVoter(one) ? 'healthy voter' : one.isLearner ? 'learner' : 'not healthy'}`,
          ),
        ],
      },
    );
  }
  if (member.status?.isLeader === true) {
    const heir = members.find((one) => one.id !== id && isHealthyVoter(one));
    if (heir !== undefined) await moveLeader(survivor.host, member.clientUrls, heir.id);
  }
  await removeMember(survivor.host, id);
  const after = await readEtcd(survivor.host);
  if (after.members.some((one) => one.id === id)) {
    throw new QuorateError('EtcdUnavailable', `etcd still lists ${memberLabel(member)} after its removal`, {
      remedy: 'it is read again by itself; see `quorate status`',
    });
  }
  return `removed the ${member.isLearner ? 'learner' : 'etcd member'} ${memberLabel(member)} ${why}: ${projection.text}`;
};

/** The target's own Node when it is not the one of a living kubelet: kubeadm refuses a Ready twin. */
const removeOldNode = async (survivor: ControlPlane, context: OperationContext): Promise<string | undefined> => {
  const node = await readNode(survivor.host, survivor.entry.address, context.target.name);
  if (node === undefined) return undefined;
  await deleteNode(survivor.host, survivor.entry.address, node.name, node.uid);
  return `deleted its old Node (${node.ready ? 'Ready' : 'NotReady'})`;
};

/** What is on the host now, for the operator. */
const describeSnapshot = (saved: Snapshot, on: string): string => {
  const { file, revision, totalKeys, sizeBytes, kept, elsewhere, unrecorded, undeleted } = saved;
  const size = `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
  const content =
    totalKeys === undefined
      ? `revision ${revision} or later, ${size}, its checksum is right`
      : `revision ${revision}, ${totalKeys} keys, ${size}, verified`;
  const left = [
    ...(elsewhere === 0 ? [] : [`${elsewhere} of another cluster`]),
    ...(unrecorded === 0 ? [] : [`${unrecorded} without a record of Quorate's`]),
  ];
  return [
    `${file} on ${on}: ${content}`,
    `${kept} of this cluster kept`,
    ...(left.length === 0 ? [] : [`left alone: ${left.join(', ')}`]),
    ...(undeleted.length === 0 ? [] : [`could not be deleted: ${undeleted.join(', ')}`]),
  ].join('; ');
};

export const etcdActivities = (dependencies: Dependencies): Pick<Activities, 'snapshotEtcd' | 'removeStaleMember'> => ({
  snapshotEtcd: async (context) => {
    const options = { keep: context.policy.snapshotsKept, label: context.target.name, signal: cancellationSignal() };
    const { entry, result } = await onFirstWithRoom(dependencies, context, (host) => saveSnapshot(host, options));
    return describeSnapshot(result, entry.name);
  },

  removeStaleMember: async (context, { etcdDataPresent, sameCluster }) => {
    const survivor = await pickControlPlane(dependencies, context);
    const notes: string[] = [];
    // One at a time, with a fresh list each; a host has at most a voter and a learner to its name, a worker none.
    for (let round = 0; round < 4 && context.kind !== 'join-worker'; round++) {
      const { members } = await readEtcd(survivor.host);
      const decision = decideMember({ members, host: context.target, etcdDataPresent, sameCluster });
      if (decision.kind === 'conflict') {
        throw new QuorateError('IdentityConflict', decision.because, {
          host: context.target.name,
          remedy: `see which machine is ${context.target.name} and correct the specification, or remove that member by hand`,
          evidence: [memberLabel(decision.member)],
        });
      }
      if (decision.kind === 'already-joined')
        return `etcd member ${memberLabel(decision.member)} runs on it: nothing is stale`;
      if (decision.kind === 'join') break;
      notes.push(await removeMemberSafely(survivor, decision.member.id, 'that this host left behind'));
    }
    const node = await removeOldNode(survivor, context);
    if (node !== undefined) notes.push(node);
    return notes.length === 0 ? 'the cluster remembers nothing of it' : notes.join('; ');
  },
});
