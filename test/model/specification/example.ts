const example = (): Record<string, unknown> => ({
  apiVersion: 'quorate.dev/v1alpha1',
  kind: 'Cluster',
  metadata: { name: 'prod' },
  spec: {
    kubernetesVersion: 'v1.37.1',
    controlPlaneEndpoint: '10.203.0.10:6443',
    networking: { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/16' },
    loadBalancer: { kind: 'haproxy', hosts: ['lb1'] },
    hosts: {
      cp1: { role: 'control-plane', address: '10.203.0.11' },
      cp2: { role: 'control-plane', address: '10.203.0.12', ssh: 'cp2.dc1' },
      cp3: { role: 'control-plane', address: '10.203.0.13' },
      w1: { role: 'worker', address: '10.203.0.21', labels: { zone: 'a' } },
      lb1: { role: 'load-balancer', address: '10.203.0.10' },
    },
  },
});

/** A valid specification as a plain value, with changes by dotted path; undefined takes a key away, missing maps are made. */
export const exampleValue = (changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => {
  const value = example();
  for (const [path, change] of Object.entries(changes)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let parent = value;
    for (const key of keys) parent = (parent[key] ??= {}) as Record<string, unknown>;
    if (change === undefined) delete parent[last];
    else parent[last] = change;
  }
  return value;
};
