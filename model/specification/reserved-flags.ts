/** Why a flag is not passed through, and what to do instead. */
interface Reserved {
  readonly because: string;
  readonly instead: string;
}

const ofKubeadm: Reserved = {
  because: 'is a path that kubeadm sets',
  instead: 'leave it out; fields of the kubelet stand in spec.kubeadm.kubelet',
};
const read: Reserved = { because: 'moves files that Quorate reads to prove the node', instead: 'leave it out' };

/** Flags of the kubelet that decide which Node it is, which cluster it is of, and whether what Quorate reads is of it. */
const kubelet: Readonly<Record<string, Reserved>> = {
  'hostname-override': {
    because: 'would register the host as another Node than the one that is proven',
    instead: 'leave it out; the name of the Node is the name of the host here',
  },
  'node-ip': {
    because: 'is set by Quorate, from the address of the host',
    instead: 'leave it out; set spec.hosts.<name>.address',
  },
  'register-node': {
    because: 'decides whether there is a Node to prove',
    instead: 'leave it out; a kubelet registers its Node by itself',
  },
  'register-with-taints': {
    because: 'would say something else than the taints of the host',
    instead: 'set spec.hosts.<name>.taints',
  },
  kubeconfig: ofKubeadm,
  'bootstrap-kubeconfig': ofKubeadm,
  config: ofKubeadm,
  'config-dir': ofKubeadm,
  'pod-manifest-path': {
    because: 'moves the static Pods from where kubeadm writes them',
    instead: 'leave it out',
  },
  'container-runtime-endpoint': {
    because: 'would name another runtime than the one that was checked',
    instead: 'set spec.kubeadm.criSocket',
  },
  'cert-dir': read,
  'root-dir': read,
};

/** Fields of KubeletConfiguration that decide the same. */
export const reservedKubeletFields: Readonly<Record<string, string>> = {
  registerNode: 'leave it out; a kubelet registers its Node by itself',
  staticPodPath: 'leave it out; kubeadm writes static Pods to /etc/kubernetes/manifests',
  containerRuntimeEndpoint: 'set spec.kubeadm.criSocket',
};

const address: Reserved = {
  because: 'is set by kubeadm, from the address of the host',
  instead: 'leave it out; set spec.hosts.<name>.address',
};
const member: Reserved = { because: 'is what kubeadm and Quorate know the etcd member by', instead: 'leave it out' };

/** Flags of static Pods, by where their `extraArgs` stand in ClusterConfiguration. */
const staticPods: readonly { readonly path: readonly string[]; readonly flags: Readonly<Record<string, Reserved>> }[] =
  [
    {
      path: ['apiServer'],
      flags: {
        'advertise-address': address,
        'secure-port': { because: 'is 6443 to Quorate, which asks each API server there', instead: 'leave it out' },
        'etcd-servers': member,
        'client-ca-file': { because: 'decides which cluster the API server is of', instead: 'leave it out' },
      },
    },
    {
      path: ['etcd', 'local'],
      flags: {
        'data-dir': { because: 'is where Quorate looks for the data of a member', instead: 'leave it out' },
        name: member,
        'advertise-client-urls': address,
        'initial-advertise-peer-urls': address,
        'listen-client-urls': address,
        'listen-peer-urls': address,
        'initial-cluster': member,
        'initial-cluster-state': member,
        'force-new-cluster': {
          because: 'would make a cluster of one out of each member',
          instead: 'leave it out; docs/runbook.md has how a lost quorum is restored',
        },
      },
    },
  ];

/** Why a flag of the kubelet, without its dashes, is not passed through; undefined when it is. */
export const reservedKubeletFlag = (name: string): Reserved | undefined =>
  Object.hasOwn(kubelet, name) ? kubelet[name] : undefined;

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const inside = (value: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (isPlain(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined), value);

interface ReservedPlace extends Reserved {
  readonly path: readonly (string | number)[];
}

/** Reserved flags in the `extraArgs` of a ClusterConfiguration: a list of names and values, or a map as before v1beta4. */
export const reservedExtraArgs = (clusterConfiguration: unknown): readonly ReservedPlace[] =>
  staticPods.flatMap(({ path, flags }) => {
    const place = [...path, 'extraArgs'];
    const given = inside(clusterConfiguration, place);
    const named: readonly { readonly name: unknown; readonly at: readonly (string | number)[] }[] = Array.isArray(given)
      ? given.map((one: unknown, index) => ({ name: isPlain(one) ? one['name'] : undefined, at: [index, 'name'] }))
      : Object.keys(isPlain(given) ? given : {}).map((name) => ({ name, at: [name] }));
    return named.flatMap(({ name, at }) => {
      const bare = typeof name === 'string' ? name.replace(/^-+/, '').replaceAll('_', '-') : '';
      const reserved = Object.hasOwn(flags, bare) ? flags[bare] : undefined;
      return reserved === undefined ? [] : [{ ...reserved, path: [...place, ...at] }];
    });
  });
