import { expect, test } from 'vitest';
import { KubernetesNode, nodeFacts } from '../../../adapters/kubernetes/node.js';

const factsOf = (more: { metadata?: object; spec?: object; conditions?: object[]; addresses?: object[] } = {}) =>
  nodeFacts(
    KubernetesNode.parse({
      metadata: { name: 'cp3', uid: 'u1', creationTimestamp: '2026-01-05T08:00:00Z', ...more.metadata },
      ...(more.spec === undefined ? {} : { spec: more.spec }),
      status: {
        ...(more.conditions === undefined ? {} : { conditions: more.conditions }),
        ...(more.addresses === undefined ? {} : { addresses: more.addresses }),
        nodeInfo: { kubeletVersion: 'v1.37.1', machineID: 'c3c3' },
      },
    }),
  );

test('a Node that is Ready, as an operator would describe it', () => {
  expect(
    factsOf({
      metadata: { labels: { 'node-role.kubernetes.io/control-plane': '', zone: 'a' } },
      spec: {
        unschedulable: true,
        taints: [
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
          { key: 'team', value: 'db', effect: 'NoExecute', timeAdded: '2026-01-05T08:00:00Z' },
        ],
      },
      conditions: [
        { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', message: 'enough' },
        { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ],
      addresses: [
        { type: 'Hostname', address: 'cp3' },
        { type: 'InternalIP', address: '10.0.0.13' },
        { type: 'InternalIP', address: 'fd00::13' },
      ],
    }),
  ).toEqual({
    name: 'cp3',
    uid: 'u1',
    ready: true,
    controlPlane: true,
    unschedulable: true,
    kubeletVersion: 'v1.37.1',
    internalIp: '10.0.0.13',
    machineId: 'c3c3',
    createdAt: '2026-01-05T08:00:00Z',
    labels: { 'node-role.kubernetes.io/control-plane': '', zone: 'a' },
    taints: ['node-role.kubernetes.io/control-plane:NoSchedule', 'team=db:NoExecute'],
  });
});

test('a Node that has only been registered', () => {
  expect(factsOf()).toEqual({
    name: 'cp3',
    uid: 'u1',
    ready: false,
    notReadyBecause: 'no Ready condition yet',
    controlPlane: false,
    unschedulable: false,
    kubeletVersion: 'v1.37.1',
    machineId: 'c3c3',
    createdAt: '2026-01-05T08:00:00Z',
    labels: {},
    taints: [],
  });
});

test.each(['False', 'Unknown'])('a Ready condition that is %s says why, within bounds', (status) => {
  const ready = { type: 'Ready', status, reason: 'NodeStatusUnknown', message: `Kubelet stopped ${'x'.repeat(500)}` };
  const facts = factsOf({ conditions: [ready] });
  expect(facts.ready).toBe(false);
  expect(facts.notReadyBecause).toMatch(/^NodeStatusUnknown: Kubelet stopped x+$/);
  expect(facts.notReadyBecause).toHaveLength(300);
});
