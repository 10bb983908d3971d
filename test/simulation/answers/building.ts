import { probeKinds } from '../../../model/failures/failure-policy.js';
import type { ProbeKind } from '../../../model/failures/failure-policy.js';
import type { Part } from './stage.js';
import { join, read, readStatus, settle } from './steps.js';

/** How a cluster comes to be. */
export const building: readonly Part[] = [
  {
    title: 'clean hosts',
    play: async (stage) => {
      await read(stage, stage.context('init', 'cp1'));
      await stage.act('readHost', stage.context('join-worker', 'w1'));
      await readStatus(stage);
    },
  },
  {
    title: 'init cp1',
    play: async (stage) => {
      const context = stage.context('init', 'cp1');
      const checked = await read(stage, context);
      await stage.act('resetHost', context, checked);
      await stage.act('prepareHost', context);
      await stage.act('writeInitConfiguration', context);
      await stage.act('registerBackend', context, true);
      await stage.act('runKubeadm', context, checked);
      await stage.lab.installNetwork('cp1');
      await settle(stage, 1);
      await stage.act('readHost', context);
      await stage.act('proveControlPlane', context);
      await stage.act('enableBackend', context);
      await stage.act('claimCluster', context);
      // The API server takes only the first ConfigMap of a name.
      await stage.act('claimCluster', context);
      await stage.act('revokeCredentials', context);
    },
  },
  {
    title: 'join cp2',
    play: (stage) => join(stage, stage.context('join-control-plane', 'cp2'), 2),
  },
  {
    title: 'join cp3',
    play: (stage) => join(stage, stage.context('join-control-plane', 'cp3'), 3),
  },
  {
    title: 'join w1',
    play: (stage) => join(stage, stage.context('join-worker', 'w1'), 4),
  },
  {
    title: 'a cluster that is well',
    play: async (stage) => {
      await readStatus(stage);
      for (const context of [stage.context('join-control-plane', 'cp3'), stage.context('join-worker', 'w1')]) {
        await read(stage, context);
        await stage.act('readJoin', context);
      }
      for (const kind of Object.keys(probeKinds) as ProbeKind[])
        await stage.act('probeCause', stage.context('join-control-plane', 'cp2'), { kind });
    },
  },
];
