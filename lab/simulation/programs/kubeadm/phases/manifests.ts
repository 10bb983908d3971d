import { stringify } from 'yaml';
import { releaseOf } from '../../../../build/versions.js';
import type { KubernetesVersion } from '../../../../build/versions.js';
import type { Process } from '../../../system/process.js';
import type { ClusterConfiguration, NamedValue } from '../configuration.js';
import { pkiFolder } from './pki.js';

export const manifestFolder = '/etc/kubernetes/manifests';

const writeManifest = (
  process: Process,
  component: string,
  image: string,
  flags: Readonly<Record<string, string>>,
  extra: readonly NamedValue[],
): void => {
  const merged = { ...flags, ...Object.fromEntries(extra.map(({ name, value }) => [name, value])) };
  const manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: component, namespace: 'kube-system', labels: { component, tier: 'control-plane' } },
    spec: {
      containers: [
        {
          command: [component, ...Object.entries(merged).map(([name, value]) => `--${name}=${value}`)],
          image,
          imagePullPolicy: 'IfNotPresent',
          name: component,
        },
      ],
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
    },
  };
  process.machine.files.makeDirectories(manifestFolder, 0o700);
  process.machine.files.write(`${manifestFolder}/${component}.yaml`, stringify(manifest, { lineWidth: 0 }), 0o600);
};

export interface ManifestOptions {
  readonly cluster: ClusterConfiguration;
  readonly nodeName: string;
  readonly advertiseAddress: string;
  readonly version: string;
}

const repository = ({ imageRepository = 'registry.k8s.io' }: ClusterConfiguration): string => imageRepository;

/** Manifests of the control plane besides etcd. */
export const writeControlPlane = (
  process: Process,
  { cluster, advertiseAddress, version }: ManifestOptions,
  printed: (component: string) => void,
): void => {
  const { serviceSubnet = '10.96.0.0/12', podSubnet } = cluster.networking ?? {};
  const image = (name: string): string => `${repository(cluster)}/${name}:${version}`;
  printed('kube-apiserver');
  writeManifest(
    process,
    'kube-apiserver',
    image('kube-apiserver'),
    {
      'advertise-address': advertiseAddress,
      'allow-privileged': 'true',
      'authorization-mode': 'Node,RBAC',
      'client-ca-file': `${pkiFolder}/ca.crt`,
      'enable-bootstrap-token-auth': 'true',
      'etcd-cafile': `${pkiFolder}/etcd/ca.crt`,
      'etcd-certfile': `${pkiFolder}/apiserver-etcd-client.crt`,
      'etcd-keyfile': `${pkiFolder}/apiserver-etcd-client.key`,
      'etcd-servers': 'https://127.0.0.1:2379',
      'secure-port': '6443',
      'service-account-key-file': `${pkiFolder}/sa.pub`,
      'service-cluster-ip-range': serviceSubnet,
      'tls-cert-file': `${pkiFolder}/apiserver.crt`,
      'tls-private-key-file': `${pkiFolder}/apiserver.key`,
    },
    cluster.apiServer?.extraArgs ?? [],
  );
  printed('kube-controller-manager');
  writeManifest(
    process,
    'kube-controller-manager',
    image('kube-controller-manager'),
    {
      'bind-address': '127.0.0.1',
      ...(podSubnet === undefined ? {} : { 'allocate-node-cidrs': 'true', 'cluster-cidr': podSubnet }),
      'client-ca-file': `${pkiFolder}/ca.crt`,
      'cluster-signing-cert-file': `${pkiFolder}/ca.crt`,
      'cluster-signing-key-file': `${pkiFolder}/ca.key`,
      controllers: '*,bootstrapsigner,tokencleaner',
      kubeconfig: '/etc/kubernetes/controller-manager.conf',
      'leader-elect': 'true',
    },
    cluster.controllerManager?.extraArgs ?? [],
  );
  printed('kube-scheduler');
  writeManifest(
    process,
    'kube-scheduler',
    image('kube-scheduler'),
    { 'bind-address': '127.0.0.1', kubeconfig: '/etc/kubernetes/scheduler.conf', 'leader-elect': 'true' },
    cluster.scheduler?.extraArgs ?? [],
  );
};

/** Manifest of the local etcd. */
export const writeEtcd = (
  process: Process,
  {
    cluster,
    nodeName,
    advertiseAddress,
    version,
    initialCluster,
  }: ManifestOptions & { readonly initialCluster?: string },
): void => {
  const own = `${nodeName}=https://${advertiseAddress}:2380`;
  writeManifest(
    process,
    'etcd',
    `${repository(cluster)}/etcd:${releaseOf(version as KubernetesVersion).tags.etcd}`,
    {
      'advertise-client-urls': `https://${advertiseAddress}:2379`,
      'cert-file': `${pkiFolder}/etcd/server.crt`,
      'client-cert-auth': 'true',
      'data-dir': '/var/lib/etcd',
      'initial-advertise-peer-urls': `https://${advertiseAddress}:2380`,
      'initial-cluster': initialCluster ?? own,
      ...(initialCluster === undefined ? {} : { 'initial-cluster-state': 'existing' }),
      'key-file': `${pkiFolder}/etcd/server.key`,
      'listen-client-urls': `https://127.0.0.1:2379,https://${advertiseAddress}:2379`,
      'listen-metrics-urls': 'http://127.0.0.1:2381',
      'listen-peer-urls': `https://${advertiseAddress}:2380`,
      name: nodeName,
      'peer-client-cert-auth': 'true',
      'trusted-ca-file': `${pkiFolder}/etcd/ca.crt`,
    },
    cluster.etcd?.local?.extraArgs ?? [],
  );
};
