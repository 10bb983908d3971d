import { readNodeNames } from '../adapters/etcd/read-node-names.js';
import { leftovers } from '../model/reset/leftovers.js';
import { removeMarker } from '../adapters/host/marker.js';
import { deleteNodeIf } from '../adapters/kubernetes/change-node.js';
import { readBegunCluster, readCluster } from '../adapters/kubernetes/read-cluster.js';
import { readyz } from '../adapters/kubernetes/readyz.js';
import type { Host } from '../adapters/ssh/types.js';
import { stopUnit } from '../adapters/systemd/stop-unit.js';
import { unitsOf } from '../adapters/systemd/units-of.js';
import type { EtcdMember } from '../model/facts/cluster-facts.js';
import { QuorateError } from '../model/failures/failure.js';
import type { HostFacts } from '../model/facts/host-facts.js';
import type { OperationContext } from '../model/operation.js';
import { definitionOf } from '../model/operations.js';
import { notOurWork } from '../model/reset/own-work.js';
import type { LastPrinted } from '../model/reset/own-work.js';
import { isLivingNode } from '../model/preflight/living.js';
import { sameCluster } from '../model/preflight/ownership.js';
import { memberLabel } from '../model/etcd/quorum.js';
import { claimantOf, unitOf } from './shared/claimant.js';
import type { Activities, Before } from './contract.js';
import { askControlPlane, hostOf, pickControlPlane } from './shared/control-plane.js';
import type { ControlPlane } from './shared/control-plane.js';
import { readMembersOfTarget } from './shared/members.js';
import type { Dependencies } from './dependencies.js';
import { removeMemberSafely } from './etcd.js';
import { readTarget, resetToClean } from './host.js';
import { kubeadmUnits } from './kubeadm.js';

/**
 * A cancelled attempt has stopped its unit; one whose worker died, or of an earlier round or run, has not.
 * @returns when this run's kubeadm printed last; undefined when it never ran
 */
const stopKubeadm = async (dependencies: Dependencies, context: OperationContext): Promise<LastPrinted | undefined> => {
  const host = hostOf(dependencies, context.target);
  const own = kubeadmUnits(context);
  // A reset that an attempt before this one has begun is found again below, also while it runs.
  const resets = ['undo-reset', 'undo-reset-lazily'].map((step) => unitOf(context, step).unit);
  const ofOthers = (await unitsOf(host, context.operation)).filter((unit) => ![...own, ...resets].includes(unit));
  let last: LastPrinted | undefined;
  for (const unit of own) {
    const { logTime, bootTime } = await stopUnit(host, unit);
    if (logTime > (last?.at ?? 0)) last = { at: logTime, restarted: logTime < bootTime };
  }
  for (const unit of ofOthers) await stopUnit(host, unit);
  return last;
};

/** The host as it is now, and why what is on it is not this run's own work; undefined when it is. */
const readWork = async (
  dependencies: Dependencies,
  context: OperationContext,
  { machineId }: Before,
  known: { lastPrinted: LastPrinted | undefined; caHash?: string | undefined },
): Promise<{ host: HostFacts; notOurs: string | undefined }> => {
  const host = await readTarget(hostOf(dependencies, context.target), context);
  const half = host.identity.find((line) => line.startsWith('/var/lib/quorate/marker.json '));
  // Half a marker proves nothing, in either direction.
  if (host.marker === undefined && half !== undefined)
    throw new QuorateError(
      'CommandFailed',
      `the marker on ${context.target.name} cannot be read: whose the host is, is not known`,
      {
        host: context.target.name,
        remedy: `see what is on ${context.target.name}; when it is nobody's, \`rm /var/lib/quorate/marker.json\` there, then retry`,
        evidence: [half],
      },
    );
  return { host, notOurs: notOurWork(host, { machineId, ...known }) };
};

/**
 * Nothing on the host can be that member or stand behind that Node: it carries no node, or one of another cluster.
 */
const carriesNothingOf = (host: HostFacts, caHash: string | undefined): boolean =>
  leftovers(host).length === 0 || (caHash !== undefined && sameCluster(host, { caHash }) === false);

/** What is left of the join in the cluster although its host is not what the operation left: undone by observation alone. */
const undoInCluster = async (
  survivor: ControlPlane,
  context: OperationContext,
  before: Before,
  { host, members, caHash }: { host: HostFacts; members: readonly EtcdMember[]; caHash: string | undefined },
): Promise<string[]> => {
  const notes: string[] = [];
  const isGone = carriesNothingOf(host, caHash);
  for (const member of members) {
    // One that answers, or whose host may be starting it, is somebody's.
    if (isGone && member.status === undefined)
      notes.push(await removeMemberSafely(survivor, member.id, 'that the join had added'));
    else notes.push(`left the etcd member ${memberLabel(member)}: it is not of this operation`);
  }
  const deleted = await deleteNodeIf(
    survivor.host,
    survivor.entry.address,
    context.target.name,
    (node) => node.uid !== before.nodeUid && isGone && node.machineId === before.machineId && !isLivingNode(node, host),
  );
  if (deleted !== undefined) notes.push(`deleted the Node ${deleted.name}`);
  return notes;
};

/** The Node that the join has made for the host, whose reset is done: not one of before, nor one that stands for another machine. */
const deleteOwnNode = async (
  survivor: ControlPlane,
  { target }: OperationContext,
  before: Before,
  host: HostFacts,
): Promise<string[]> => {
  let other: string | undefined;
  const deleted = await deleteNodeIf(survivor.host, survivor.entry.address, target.name, (node) => {
    if (node.uid === before.nodeUid) return false;
    other = ['', host.machineId].includes(node.machineId) ? undefined : node.machineId;
    return other === undefined;
  });
  if (deleted !== undefined) return [`deleted the Node ${deleted.name}`];
  return other === undefined
    ? []
    : [`left the Node ${target.name}: it stands for another machine (machine-id ${other})`];
};

/**
 * Nodes but for the target's own in the cluster that an `init` has made, by its API server or, where that is not ready, by
 * etcd itself: a server that is silent may have others all the same (invariant 11).
 * @throws QuorateError EtcdUnavailable when there is data of etcd and neither answers
 */
const otherNodes = async (
  own: Host,
  { target, cluster }: OperationContext,
  { etcdDataPresent }: HostFacts,
): Promise<{ name: string; state: string }[]> => {
  const isOther = ({ name }: { name: string }): boolean => name !== target.name;
  const { ready, because = 'not ready' } = await readyz(own, target.address);
  if (ready) {
    const { nodes } = await readBegunCluster(own, target.address);
    return nodes.filter(isOther).map((node) => ({ name: node.name, state: node.ready ? 'Ready' : 'NotReady' }));
  }
  if (!etcdDataPresent) return [];
  try {
    const names = await readNodeNames(own);
    return names.map((name) => ({ name, state: 'as etcd has it; the API server is not ready' })).filter(isOther);
  } catch (error) {
    if (!(error instanceof QuorateError) || error.type === 'Unreachable') throw error;
    throw new QuorateError(
      error.type,
      `whether ${cluster} has other Nodes cannot be told on ${target.name}: neither its API server nor its etcd answers, and there is data of etcd`,
      {
        host: target.name,
        remedy: `see why etcd does not run there (\`crictl ps -a\`, \`crictl logs\`) and mend it; or, when nobody else has joined, run \`kubeadm reset\` there by hand; then retry`,
        evidence: [`API server: ${because}`, `etcd: ${error.message}`, ...error.details.evidence],
        cause: error,
      },
    );
  }
};

/**
 * Whoever said that there was nothing of the join in the cluster still speaks for that cluster: a host that was made another
 * one meanwhile has none of its Nodes.
 * @throws QuorateError ApiUnavailable: the undo is tried again, at another host where there is one
 */
const requireStill = async (
  dependencies: Dependencies,
  context: OperationContext,
  { entry }: ControlPlane,
): Promise<void> => {
  const [asked] = await askControlPlane(dependencies, context, [entry], { patient: true });
  if (asked?.answer.ready === true) return;
  throw new QuorateError('ApiUnavailable', `${entry.name} did not stay a ready API server of ${context.cluster}`, {
    host: entry.name,
    remedy: `see \`quorate status\` and bring a control-plane host of ${context.cluster} back, then retry`,
    evidence: [`${entry.name}: ${asked?.answer.because ?? 'not ready'}`],
  });
};

export const undoActivities = (dependencies: Dependencies): Pick<Activities, 'undoJoin' | 'undoInit'> => ({
  undoJoin: async (context, before) => {
    const { target } = context;
    const lastPrinted = await stopKubeadm(dependencies, context);
    const survivor = await pickControlPlane(dependencies, context);
    const { caHash } = await readCluster(survivor.host, survivor.entry.address);
    const { host, notOurs } = await readWork(dependencies, context, before, { lastPrinted, caHash });
    const members = definitionOf(context).hasEtcdMember ? await readMembersOfTarget(context, survivor.host) : [];
    if (notOurs !== undefined) {
      const notes = await undoInCluster(survivor, context, before, { host, members, caHash });
      await requireStill(dependencies, context, survivor);
      if (notes.length === 0 && host.marker === undefined && leftovers(host).length === 0)
        return 'kubeadm was not started: nothing to undo on the host';
      return [...notes, `${target.name} was not reset: ${notOurs}`].join('; ');
    }
    const notes: string[] = [];
    // Before the reset, while a voter still runs: a wiped voter would count against the quorum (invariant 2).
    for (const member of members) notes.push(await removeMemberSafely(survivor, member.id, 'that the join had added'));
    notes.push(
      await resetToClean(dependencies, context, {
        purpose: 'undo-reset',
        state: 'undoing',
        before: host,
        judged: host,
        keep: before.keep,
      }),
    );
    notes.push(...(await deleteOwnNode(survivor, context, before, host)));
    await requireStill(dependencies, context, survivor);
    await removeMarker(hostOf(dependencies, target), claimantOf(context));
    return notes.join('; ');
  },

  undoInit: async (context, before) => {
    const { target, cluster } = context;
    const lastPrinted = await stopKubeadm(dependencies, context);
    const { host, notOurs } = await readWork(dependencies, context, before, { lastPrinted });
    if (notOurs !== undefined)
      return host.marker === undefined && leftovers(host).length === 0
        ? 'kubeadm was not started: nothing to undo on the host'
        : `${target.name} was not reset: ${notOurs}`;
    const own = hostOf(dependencies, target);
    // An undo that has begun found nobody, and what it takes away cannot be asked any more.
    const others = host.marker?.state === 'undoing' ? [] : await otherNodes(own, context, host);
    if (others.length > 0)
      throw new QuorateError(
        'AlreadyInitialised',
        `${cluster} has other Nodes by now: ${others.map(({ name }) => name).join(', ')}; it was not reset`,
        {
          host: target.name,
          remedy: `keep the cluster (\`abort\` leaves it as it is), or take those Nodes out first, then retry`,
          evidence: others.map(({ name, state }) => `Node ${name}: ${state}`),
        },
      );
    const note = await resetToClean(dependencies, context, {
      purpose: 'undo-reset',
      state: 'undoing',
      before: host,
      judged: host,
      keep: before.keep,
    });
    await removeMarker(own, claimantOf(context));
    return note;
  },
});
