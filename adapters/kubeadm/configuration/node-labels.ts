/** Labels in the kubernetes.io and k8s.io namespaces that a kubelet may give itself; it does not start with another one. */
const kubeletMaySet = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
]);

const within = (namespace: string, domain: string): boolean => namespace === domain || namespace.endsWith(`.${domain}`);

/**
 * Whether a kubelet accepts a label in `--node-labels`, which the API server's NodeRestriction then lets it set:
 * any label outside the namespaces kubernetes.io and k8s.io, those below kubelet.kubernetes.io and node.kubernetes.io,
 * and a few by name (kubelet's own check of its flags).
 */
const isKubeletLabel = (label: string): boolean => {
  const slash = label.indexOf('/');
  if (slash === -1) return true;
  const namespace = label.slice(0, slash);
  if (!within(namespace, 'kubernetes.io') && !within(namespace, 'k8s.io')) return true;
  if (within(namespace, 'kubelet.kubernetes.io') || within(namespace, 'node.kubernetes.io')) return true;
  return kubeletMaySet.has(label);
};

export interface SplitLabels {
  /** Set by the kubelet when it registers. */
  readonly kubelet: Readonly<Record<string, string>>;
  /** Set afterwards, as administrator. */
  readonly admin: Readonly<Record<string, string>>;
}

/** Who sets which of a node's labels. */
export const splitNodeLabels = (labels: Readonly<Record<string, string>>): SplitLabels => {
  const entries = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    kubelet: Object.fromEntries(entries.filter(([label]) => isKubeletLabel(label))),
    admin: Object.fromEntries(entries.filter(([label]) => !isKubeletLabel(label))),
  };
};
