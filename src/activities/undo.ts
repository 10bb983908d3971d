import { readEtcd } from '../adapters/etcd/read-etcd.js';
import { readMarker, removeMarker } from '../adapters/host/marker.js';
import { deleteNode, readNode } from '../adapters/kubernetes/change-node.js';
import { stopUnit } from '../adapters/systemd/stop-unit.js';
import type { OperationContext } from '../model/operation.js';
import type { Activities } from './contract.js';
import { hostOf, pickControlPlane } from './control-plane.js';
import type { Dependencies } from './dependencies.js';
import { membersOfTarget, removeMemberSafely } from './etcd.js';
import { resetToClean } from './host.js';
import { kubeadmUnits } from './kubeadm.js';

/** A cancelled attempt has stopped its unit; one whose worker died, or of an earlier round, has not. */
const stopKubeadm = async (dependencies: Dependencies, context: OperationContext): Promise<void> => {
  const host = hostOf(dependencies, context.target);
  for (const unit of kubeadmUnits(context)) await stopUnit(host, unit);
};

/** Only what this operation wrote is reset: the marker is written before kubeadm is started. */
const isOurs = async (dependencies: Dependencies, context: OperationContext): Promise<boolean> =>
  (await readMarker(hostOf(dependencies, context.target)))?.operation === context.operation;

export const undoActivities = (dependencies: Dependencies): Pick<Activities, 'undoJoin' | 'undoInit'> => ({
  undoJoin: async (context, nodeUidBefore) => {
    const notes: string[] = [];
    await stopKubeadm(dependencies, context);
    if (!(await isOurs(dependencies, context))) return 'kubeadm was not started: nothing to undo on the host';
    const survivor = await pickControlPlane(dependencies, context);
    if (context.kind === 'join-control-plane') {
      // Before the reset, while a voter still runs: a wiped voter would count against the quorum (invariant 2).
      const { members } = await readEtcd(survivor.host);
      for (const member of membersOfTarget(context, members)) {
        notes.push(await removeMemberSafely(survivor, member.id, 'that the join had added'));
      }
    }
    notes.push(await resetToClean(dependencies, context, 'undo-reset'));
    const node = await readNode(survivor.host, survivor.entry.address, context.target.name);
    if (node !== undefined && node.uid !== nodeUidBefore) {
      await deleteNode(survivor.host, survivor.entry.address, node.name, node.uid);
      notes.push(`deleted the Node ${node.name}`);
    }
    await removeMarker(hostOf(dependencies, context.target));
    return notes.join('; ');
  },

  undoInit: async (context) => {
    await stopKubeadm(dependencies, context);
    if (!(await isOurs(dependencies, context))) return 'kubeadm was not started: nothing to undo on the host';
    const note = await resetToClean(dependencies, context, 'undo-reset');
    await removeMarker(hostOf(dependencies, context.target));
    return note;
  },
});
