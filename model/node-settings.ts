import type { NodeFacts } from './facts/cluster-facts.js';
import type { OperationContext } from './operation.js';

export const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';

type Taint = NonNullable<OperationContext['target']['taints']>[number];

const defaultTaint: Taint = { key: controlPlaneLabel, effect: 'NoSchedule' };

/**
 * The labels and taints that the specification wants and the Node lacks: a kubelet may not set them itself, or kubeadm
 * stopped before it did.
 */
export const missingNodeSettings = (
  target: Pick<OperationContext['target'], 'labels' | 'taints'>,
  controlPlane: boolean,
  node: Pick<NodeFacts, 'labels' | 'taints'>,
): { labels: Record<string, string>; taints: Taint[] } => {
  const labels: Record<string, string> = {
    ...(controlPlane ? { [controlPlaneLabel]: '', 'node.kubernetes.io/exclude-from-external-load-balancers': '' } : {}),
    ...target.labels,
  };
  const taints = target.taints ?? (controlPlane ? [defaultTaint] : []);
  return {
    labels: Object.fromEntries(Object.entries(labels).filter(([key, value]) => node.labels[key] !== value)),
    taints: taints.filter(
      ({ key, value, effect }) =>
        !node.taints.includes(`${key}${value === undefined ? '' : `=${value}`}:${effect}`) &&
        !node.taints.includes(`${key}=${value ?? ''}:${effect}`),
    ),
  };
};
