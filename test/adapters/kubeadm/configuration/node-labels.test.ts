import { expect, test } from 'vitest';
import { splitNodeLabels } from '../../../../adapters/kubeadm/configuration/node-labels.js';

test.each([
  ['zone', true],
  ['example.com/zone', true],
  ['notkubernetes.io/x', true],
  ['topology.kubernetes.io/zone', true],
  ['node.kubernetes.io/anything', true],
  ['x.kubelet.kubernetes.io/anything', true],
  ['kubernetes.io/hostname', true],
  ['node-role.kubernetes.io/worker', false],
  ['node-restriction.kubernetes.io/x', false],
  ['kubernetes.io/other', false],
  ['app.k8s.io/x', false],
])('%s: the kubelet may set it itself: %s', (label, kubelet) => {
  expect(splitNodeLabels({ [label]: 'v' })).toEqual(
    kubelet ? { kubelet: { [label]: 'v' }, admin: {} } : { kubelet: {}, admin: { [label]: 'v' } },
  );
});
