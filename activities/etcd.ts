import { cancellationSignal } from '@temporalio/activity';
import { moveLeader, removeMember } from '../adapters/etcd/change-members.js';
import { readEtcd } from '../adapters/etcd/read-etcd.js';
import { saveSnapshot } from '../adapters/etcd/snapshot.js';
import type { Snapshot } from '../adapters/etcd/snapshot.js';
import { requireUnchanged } from '../adapters/host/identity-script.js';
import { deleteNodeIf, readNode } from '../adapters/kubernetes/change-node.js';
import type { Checked } from '../model/checked.js';
import { isHealthyVoter } from '../model/facts/cluster-facts.js';
import { QuorateError } from '../model/failures/failure.js';
import { decideMember } from '../model/etcd/member-decision.js';
import type { OperationContext } from '../model/operation.js';
import { definitionOf } from '../model/operations.js';
import { isLivingNode } from '../model/preflight/living.js';
import { memberLabel, projectRemoval } from '../model/etcd/quorum.js';
import { claimantOf } from './shared/claimant.js';
import type { Activities } from './contract.js';
import { hostOf, pickControlPlane } from './shared/control-plane.js';
import type { ControlPlane } from './shared/control-plane.js';
import type { Dependencies } from './dependencies.js';
import { readTarget } from './host.js';
import { onFirstWithRoom } from './shared/room.js';

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
  await removeMember(survivor.host, member);
  const after = await readEtcd(survivor.host);
  if (after.members.some((one) => one.id === id)) {
    throw new QuorateError('EtcdUnavailable', `etcd still lists ${memberLabel(member)} after its removal`, {
      remedy: 'it is read again by itself; see `quorate status`',
    });
  }
  return `removed the ${member.isLearner ? 'learner' : 'etcd member'} ${memberLabel(member)} ${why}: ${projection.text}`;
};

const changed = ({ target }: OperationContext, what: string, evidence: readonly string[]): QuorateError =>
  new QuorateError('ChangedSinceCheck', `${what} since ${target.name} was checked; nothing was removed`, {
    host: target.name,
    remedy: `the operation reads ${target.name} and the cluster again by itself; when it blocks, see who else works on it, then retry`,
    evidence,
  });

/** Only the Node that was checked goes, and not while it looks more alive than it did then. */
const removeOldNode = async (
  dependencies: Dependencies,
  survivor: ControlPlane,
  context: OperationContext,
  { node: known }: Checked,
): Promise<string | undefined> => {
  const { name } = context.target;
  // Of a kubelet that was stopped its Node stays Ready for a while; by now it may have been started again.
  if (known?.ready === true && !known.living) {
    const node = await readNode(survivor.host, survivor.entry.address, name);
    if (node !== undefined && isLivingNode(node, await readTarget(hostOf(dependencies, context.target), context)))
      throw changed(context, `Node ${name} has come to life`, [`Node ${name}: uid ${node.uid}, Ready, kubelet active`]);
  }
  const deleted = await deleteNodeIf(survivor.host, survivor.entry.address, name, (node) => {
    if (node.uid === known?.uid && (known.ready || !node.ready)) return true;
    const what = node.uid === known?.uid ? `Node ${name} has become Ready` : `a Node ${name} was made`;
    throw changed(context, what, [`Node ${name}: uid ${node.uid}, ${node.ready ? 'Ready' : 'NotReady'}`]);
  });
  return deleted === undefined ? undefined : `deleted its old Node (${deleted.ready ? 'Ready' : 'NotReady'})`;
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

  removeStaleMember: async (context, checked) => {
    const survivor = await pickControlPlane(dependencies, context);
    // What the decision below takes from the host holds only while it is the host that was checked.
    await requireUnchanged(hostOf(dependencies, context.target), 'the removal', {
      identity: checked.identity,
      own: claimantOf(context),
    });
    const { etcdDataPresent, sameCluster } = checked;
    const notes: string[] = [];
    // One at a time, with a fresh list each; a host has at most a voter and a learner to its name, a worker none.
    for (let round = 0; round < 4 && definitionOf(context).hasEtcdMember; round++) {
      const { members } = await readEtcd(survivor.host);
      const decision = decideMember({ members, host: context.target, etcdDataPresent, sameCluster });
      if (decision.kind === 'conflict') {
        throw new QuorateError('IdentityConflict', decision.because, {
          host: context.target.name,
          remedy: `see which machine is ${context.target.name} and correct the specification, or remove that member by hand`,
          evidence: [memberLabel(decision.member)],
        });
      }
      if (decision.kind === 'join') break;
      const label = memberLabel(decision.member);
      // A host whose member ran when it was checked does not come here.
      if (decision.kind === 'already-joined') throw changed(context, `etcd member ${label} has come to run`, [label]);
      if (!checked.members.includes(decision.member.id))
        throw changed(context, `etcd member ${label} was added`, [label]);
      notes.push(await removeMemberSafely(survivor, decision.member.id, 'that this host left behind'));
    }
    const node = await removeOldNode(dependencies, survivor, context, checked);
    if (node !== undefined) notes.push(node);
    return notes.length === 0 ? 'the cluster remembers nothing of it' : notes.join('; ');
  },
});
