import { expect, test } from 'vitest';
import { controlPlaneLabel, missingNodeSettings } from '../../model/node-settings.js';

const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';
const bare = { labels: {}, taints: [] };

test('a control-plane Node has two labels and the taint of kubeadm, unless the specification names its taints', () => {
  expect(missingNodeSettings({ labels: {} }, true, bare)).toEqual({
    labels: { [controlPlaneLabel]: '', [excludeLabel]: '' },
    taints: [{ key: controlPlaneLabel, effect: 'NoSchedule' }],
  });
  expect(missingNodeSettings({ labels: {}, taints: [] }, true, bare).taints).toEqual([]);
});

test('a worker has what the specification says', () => {
  expect(missingNodeSettings({ labels: { zone: 'a' } }, false, bare)).toEqual({ labels: { zone: 'a' }, taints: [] });
});

test('what the Node has is not missing; a label of another value is', () => {
  const taints = [
    { key: 'gpu', value: 'yes', effect: 'NoSchedule' },
    { key: 'empty', value: '', effect: 'NoExecute' },
    { key: 'none', effect: 'NoExecute' },
  ];
  const node = {
    labels: { zone: 'b', disk: 'ssd' },
    taints: ['gpu=yes:NoSchedule', 'empty=:NoExecute', 'none=:NoExecute'],
  };
  expect(missingNodeSettings({ labels: { zone: 'a', disk: 'ssd' }, taints }, false, node)).toEqual({
    labels: { zone: 'a' },
    taints: [],
  });
  expect(missingNodeSettings({ labels: {}, taints }, false, { ...node, taints: ['gpu=no:NoSchedule'] }).taints).toEqual(
    taints,
  );
});
