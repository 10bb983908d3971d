import type { Condition, Kubernetes } from './kubernetes.js';
import type { KubernetesObject } from './objects.js';
import { timestamp } from './objects.js';

/** The node controller waits that long for a kubelet that posts nothing. */
const graceMs = 50_000;

const unknown = (type: string): Condition => ({
  type,
  status: 'Unknown',
  reason: 'NodeStatusUnknown',
  message: 'Kubelet stopped posting node status.',
});

/** A Node as the API shows it: with what its kubelet says of it, or says no more. */
export const withStatus = (kubernetes: Kubernetes, node: KubernetesObject): KubernetesObject => {
  const reporter = kubernetes.reporters.get(node.metadata.name);
  const { silentSince } = reporter ?? {};
  const patience = graceMs * kubernetes.world.timeScale;
  // Who nobody watches stays as it was last seen.
  const lost =
    (reporter === undefined || (silentSince !== undefined && Date.now() - silentSince > patience)) &&
    kubernetes.controllerManager.leader !== undefined;
  const last = reporter?.conditions ?? [];
  const conditions = lost ? ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map(unknown) : last;
  const at = timestamp(silentSince ?? Date.now());
  return {
    ...node,
    spec: {
      ...node.spec,
      ...(lost
        ? {
            taints: [
              ...((node.spec?.['taints'] as unknown[] | undefined) ?? []),
              { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
            ],
          }
        : {}),
    },
    status: {
      ...node.status,
      conditions: conditions.map((one) => ({ ...one, lastHeartbeatTime: at, lastTransitionTime: at })),
    },
  };
};
