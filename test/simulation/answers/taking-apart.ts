import { setTimeout as sleep } from 'node:timers/promises';
import { moveLeader, removeMember } from '../../../adapters/etcd/change-members.js';
import { readEtcd } from '../../../adapters/etcd/read-etcd.js';
import { readNodeNames } from '../../../adapters/etcd/read-node-names.js';
import { ensureUnit } from '../../../adapters/systemd/ensure-unit.js';
import { unitName } from '../../../adapters/systemd/unit-name.js';
import type { Before } from '../../../activities/contract.js';
import type { OperationContext } from '../../../model/operation.js';
import type { Part, Stage } from './stage.js';
import { adminKubectl, join, read, readStatus, untilDown } from './steps.js';

const before = ({ before: known }: Stage, { operation }: OperationContext): Before => {
  const found = known.get(operation);
  if (found === undefined) throw new Error(`${operation} has read nothing yet`);
  return found;
};

/** How a cluster loses what it had. */
export const takingApart: readonly Part[] = [
  {
    title: 'what an earlier operation left running',
    play: async (stage) => {
      const context = stage.context('join-worker', 'w1', 'k2');
      const w1 = stage.hosts.host('w1');
      const unit = unitName({ operation: 'earlier', run: 'by-hand', step: 'join', host: 'w1', round: 0 });
      await ensureUnit(w1, { unit, argv: ['sleep', '600'] });
      const checked = await read(stage, context);
      const other = unitName({ operation: 'later', run: 'by-hand', step: 'join', host: 'w1', round: 0 });
      await stage.attempt('w1', 'start beside it', () => ensureUnit(w1, { unit: other, argv: ['true'] }));
      await stage.act('stopEarlier', context, checked);
      await stage.act('stopEarlier', context, checked);
      await stage.act('readHost', context);
    },
  },
  {
    title: 'a dirty worker',
    play: async (stage) => {
      await stage.lab.host('cp1').check(`${adminKubectl} delete node w1`);
      const context = stage.context('join-worker', 'w1', 'k2');
      const checked = await read(stage, context);
      await stage.act('resetHost', context, checked);
      await stage.act('readHost', context);
    },
  },
  {
    title: 'a stale member',
    play: async (stage) => {
      const context = stage.context('join-control-plane', 'cp3', 'k2');
      await stage.ask('cp3', 'reset by hand', 'kubeadm reset --force --skip-phases remove-etcd-member');
      await stage.lab.host('cp1').check(`${adminKubectl} delete node cp3`);
      await stage.lab.host('lb1').check(untilDown('cp3'));
      const checked = await read(stage, context);
      await stage.act('disableBackend', context);
      await stage.act('removeStaleMember', context, checked);
      await stage.act('resetHost', context, checked);
      await stage.act('readHost', context);
      await join(stage, context, 3);
    },
  },
  {
    title: 'a join taken back',
    play: async (stage) => {
      const context = stage.context('join-control-plane', 'cp3', 'k2');
      const cp1 = stage.hosts.host('cp1');
      const { members } = await readEtcd(cp1);
      const id = members.find(({ name }) => name === 'cp3')?.id ?? '';
      const leader = members.find(({ status }) => status?.isLeader === true);
      if (leader !== undefined && leader.id !== id)
        await stage.attempt('cp1', 'move to cp3', () => moveLeader(cp1, leader.clientUrls, id));
      await stage.act('disableBackend', context);
      await stage.act('undoJoin', context, before(stage, context));
      await stage.act('removeBackend', context);
      await stage.act('revokeCredentials', context);
      await stage.act('readHost', context);
      await stage.act('readStatus', context);
    },
  },
  {
    title: 'an image that is not there',
    play: async (stage) => {
      const image = '$(ctr -n k8s.io images ls -q | grep coredns/coredns: | head -n 1)';
      await stage.lab
        .host('cp3')
        .check(
          `set -e; i=${image}; echo "$i" > /root/image; ctr -n k8s.io images tag "$i" kept.example/image:1; ctr -n k8s.io images rm "$i"`,
        );
      await stage.act('prepareHost', stage.context('join-control-plane', 'cp3', 'k3'));
    },
  },
  {
    title: 'no quorum',
    play: async (stage) => {
      await stage.lab.host('cp2').powerCut();
      await sleep(stage.pauseMs);
      const cp1 = stage.hosts.host('cp1');
      await stage.attempt('cp1', 'read etcd', () => readEtcd(cp1));
      await stage.attempt('cp1', 'read the Nodes in etcd', () => readNodeNames(cp1));
      await stage.attempt('cp1', 'remove a member', () =>
        removeMember(cp1, { id: 'abc123', peerUrls: [], clientUrls: [], isLearner: false }),
      );
      await stage.act('snapshotEtcd', stage.context('join-control-plane', 'cp3', 'k3'));
      await readStatus(stage);
    },
  },
  {
    title: 'an init taken back',
    play: async (stage) => {
      const context = stage.context('init', 'cp1');
      // Others have joined.
      await stage.act('undoInit', context, before(stage, context));
      // As an undo leaves it that was begun before they had.
      await stage.lab
        .host('cp1')
        .check(`sed -i -E 's/"state":"[a-z]+"/"state":"undoing"/' /var/lib/quorate/marker.json`);
      await stage.act('undoInit', context, before(stage, context));
      await stage.act('removeBackend', context);
      await stage.act('revokeCredentials', context);
      await stage.act('readHost', context);
    },
  },
];
