import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import { apiServerOn } from '../../kubernetes/api-server.js';
import { goYaml } from '../../kubernetes/kubeconfig.js';
import type { Access } from '../../kubernetes/client.js';
import { newObject } from '../../kubernetes/objects.js';
import type { Resource } from '../../kubernetes/objects.js';
import { clusterRoleBindings, configMaps, daemonSets, resourceNamed } from '../../kubernetes/store.js';
import { bootstrapGroup } from '../../kubernetes/tokens.js';
import type { Process } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';
import { accessOf, createOrUpdate, persist } from './access.js';
import { waitForComponents } from './phases/components-health.js';
import { limitsOf, parseDuration, readConfiguration } from './configuration.js';
import type { ClusterConfiguration, Documents, InitConfiguration, TimeLimits } from './configuration.js';
import { startKubelet, waitForKubelet } from './phases/kubelet-start.js';
import { kubeconfigFolder, writeKubeconfigs } from './phases/kubeconfigs.js';
import { manifestFolder, writeControlPlane, writeEtcd } from './phases/manifests.js';
import { markControlPlane } from './phases/mark-control-plane.js';
import { CommandFailure, inPhase, say } from './output.js';
import { certsOfInit, readCa } from './phases/pki.js';
import { checkForInit, pullForControlPlane } from './phases/preflight.js';
import { createToken, newToken } from './token.js';
import { uploadCerts } from './phases/upload-certs.js';

interface Init {
  readonly process: Process;
  readonly documents: Documents;
  readonly init: InitConfiguration;
  readonly cluster: ClusterConfiguration;
  readonly nodeName: string;
  readonly address: string;
  readonly endpoint: string;
  readonly version: string;
  readonly limits: TimeLimits;
}

const phaseMs = 120;

const put = async (
  { process, limits }: Init,
  access: Access,
  resource: Resource,
  name: string,
  namespace: string | undefined,
  more: Record<string, unknown>,
): Promise<void> => {
  await persist(process, limits.kubernetesApiCall, `unable to create ${resource.kind}`, () =>
    createOrUpdate(process, access, resource, newObject(resource, name, namespace, process.machine.now(), more)),
  );
};

const uploadConfiguration = async (of: Init, access: Access): Promise<void> => {
  const { process, cluster, version, documents } = of;
  say(
    process,
    '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace',
  );
  // With every default, in the order of the names.
  const stored = {
    apiServer: {},
    caCertificateValidityPeriod: '87600h0m0s',
    certificateValidityPeriod: '8760h0m0s',
    certificatesDir: '/etc/kubernetes/pki',
    clusterName: 'kubernetes',
    controllerManager: {},
    dns: {},
    encryptionAlgorithm: 'RSA-2048',
    etcd: { local: { dataDir: '/var/lib/etcd' } },
    imageRepository: 'registry.k8s.io',
    proxy: {},
    scheduler: {},
    ...cluster,
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    kubernetesVersion: version,
    networking: { dnsDomain: 'cluster.local', serviceSubnet: '10.96.0.0/12', ...cluster.networking },
  };
  await put(of, access, configMaps, 'kubeadm-config', 'kube-system', {
    data: { ClusterConfiguration: stringify(stored, { ...goYaml, sortMapEntries: true }) },
  });
  say(
    process,
    '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster',
  );
  await put(of, access, configMaps, 'kubelet-config', 'kube-system', {
    data: { kubelet: stringify(documents.KubeletConfiguration ?? {}) },
  });
};

const rbac: readonly [name: string, role: string, group: string][] = [
  ['kubeadm:get-nodes', 'kubeadm:get-nodes', bootstrapGroup],
  ['kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', bootstrapGroup],
  [
    'kubeadm:node-autoapprove-bootstrap',
    'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    bootstrapGroup,
  ],
  [
    'kubeadm:node-autoapprove-certificate-rotation',
    'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    'system:nodes',
  ],
  ['kubeadm:cluster-admins-kubelet', 'system:kubelet-api-admin', 'kubeadm:cluster-admins'],
];

const binding = (role: string, group: string) => ({
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
});

const bootstrapTokens = async (of: Init, access: Access): Promise<void> => {
  const { process, init, endpoint } = of;
  say(process, '[bootstrap-token] Configuring bootstrap tokens, cluster-info ConfigMap, RBAC Roles');
  for (const { token, ttl, description = '' } of init.bootstrapTokens ?? [{}]) {
    const [id, secret] = token?.split('.') ?? [];
    const made = id !== undefined && secret !== undefined ? { id, secret } : newToken();
    const life = parseDuration(ttl, 86_400_000);
    await createToken(process, access, {
      ...made,
      description,
      ...(life === 0 ? {} : { expiresAt: process.machine.now() + life }),
      usages: ['signing', 'authentication'],
    });
  }
  for (const [name, role, group] of rbac)
    await put(of, access, clusterRoleBindings, name, undefined, binding(role, group));
  say(
    process,
    '[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to get nodes',
    '[bootstrap-token] Configured RBAC rules to allow Node Bootstrap tokens to post CSRs in order for nodes to get long term certificate credentials',
    '[bootstrap-token] Configured RBAC rules to allow the csrapprover controller automatically approve CSRs from a Node Bootstrap Token',
    '[bootstrap-token] Configured RBAC rules to allow certificate rotation for all node client certificates in the cluster',
    '[bootstrap-token] Configured RBAC rules to allow the API server kubelet client certificate to access the kubelet API',
    '[bootstrap-token] Creating the "cluster-info" ConfigMap in the "kube-public" namespace',
  );
  const ca = Buffer.from(readCa(process).certificate, 'latin1').toString('base64');
  const kubeconfig = stringify(
    {
      apiVersion: 'v1',
      clusters: [{ cluster: { 'certificate-authority-data': ca, server: `https://${endpoint}` }, name: '' }],
      contexts: null,
      'current-context': '',
      kind: 'Config',
      users: null,
    },
    goYaml,
  );
  await put(of, access, configMaps, 'cluster-info', 'kube-public', { data: { kubeconfig } });
};

const coreDns = async (of: Init, access: Access): Promise<void> => {
  await put(of, access, resourceNamed('deployments'), 'coredns', 'kube-system', { spec: { replicas: 2 } });
  say(of.process, '[addons] Applied essential addon: CoreDNS');
};

const kubeProxy = async (of: Init, access: Access): Promise<void> => {
  await put(of, access, daemonSets, 'kube-proxy', 'kube-system', { spec: { template: { spec: { volumes: [] } } } });
  say(of.process, '[addons] Applied essential addon: kube-proxy');
};

const addons = async (of: Init, access: Access): Promise<void> => {
  const isSkipped = (addon: string): boolean => of.init.skipPhases?.includes(`addon/${addon}`) === true;
  if (!isSkipped('coredns')) await coreDns(of, access);
  if (!isSkipped('kube-proxy')) await kubeProxy(of, access);
};

const controlPlane = async (of: Init): Promise<void> => {
  const { process, documents, init, cluster, nodeName, address, endpoint, version, limits } = of;
  const networking = cluster.networking ?? {};
  await inPhase('certs', () =>
    certsOfInit(process, {
      nodeName,
      advertiseAddress: address,
      endpoint: cluster.controlPlaneEndpoint,
      serviceSubnet: networking.serviceSubnet ?? '10.96.0.0/12',
      dnsDomain: networking.dnsDomain ?? 'cluster.local',
      extraNames: cluster.apiServer?.certSANs ?? [],
    }),
  );
  await process.work(phaseMs);
  say(process, `[kubeconfig] Using kubeconfig folder "${kubeconfigFolder}"`);
  await inPhase('kubeconfig', () =>
    writeKubeconfigs(process, ['admin', 'super-admin', 'kubelet', 'controller-manager', 'scheduler'], {
      nodeName,
      clusterName: cluster.clusterName ?? 'kubernetes',
      endpoint,
      localEndpoint: `${address}:6443`,
    }),
  );
  const manifest = { cluster, nodeName, advertiseAddress: address, version };
  say(process, `[etcd] Creating static Pod manifest for local etcd in "${manifestFolder}"`);
  writeEtcd(process, manifest);
  say(process, `[control-plane] Using manifest folder "${manifestFolder}"`);
  writeControlPlane(process, manifest, (component) =>
    say(process, `[control-plane] Creating static Pod manifest for "${component}"`),
  );
  await process.work(phaseMs);
  await inPhase('kubelet-start', () =>
    startKubelet(process, {
      nodeName,
      registration: init.nodeRegistration ?? {},
      configuration: documents.KubeletConfiguration ?? {},
      flagsFirst: true,
    }),
  );
  say(
    process,
    `[wait-control-plane] Waiting for the kubelet to boot up the control plane as static Pods from directory "${manifestFolder}"`,
  );
  await inPhase('wait-control-plane', async () => {
    await waitForKubelet(process, limits.kubeletHealth);
    await waitForComponents(process, address, limits.componentHealth);
  });
};

const readInit = (process: Process, path: string | undefined): Init => {
  const documents = readConfiguration(process, path);
  const configuration = documents.InitConfiguration ?? {};
  const cluster = documents.ClusterConfiguration ?? {};
  const address = configuration.localAPIEndpoint?.advertiseAddress ?? process.machine.defaultAddress;
  return {
    process,
    documents,
    init: configuration,
    cluster,
    nodeName: configuration.nodeRegistration?.name ?? process.machine.hostname,
    address,
    endpoint: cluster.controlPlaneEndpoint ?? `${address}:6443`,
    version: cluster.kubernetesVersion ?? process.machine.kubernetesVersion,
    limits: limitsOf(configuration.timeouts),
  };
};

/** `kubeadm init phase bootstrap-token`: writes cluster-info anew, from admin.conf. @throws PhaseFailure, CommandFailure */
export const bootstrapTokenPhase = async (
  process: Process,
  configFile: string | undefined,
  kubeconfig: string,
): Promise<number> => {
  const access = accessOf(process, kubeconfig);
  const of = { ...readInit(process, configFile), endpoint: access.server.replace('https://', '') };
  await inPhase('bootstrap-token', () => bootstrapTokens(of, access));
  return 0;
};

/**
 * Gives the administrator of admin.conf, whom no role is bound to yet, rights by the one user who needs none; through the
 * endpoint that both kubeconfigs name. @throws CommandFailure
 */
const bootstrapAdmin = async (of: Init): Promise<void> => {
  const superAdmin = accessOf(of.process, `${kubeconfigFolder}/super-admin.conf`);
  try {
    await put(
      of,
      superAdmin,
      clusterRoleBindings,
      'kubeadm:cluster-admins',
      undefined,
      binding('cluster-admin', 'kubeadm:cluster-admins'),
    );
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw new CommandFailure(`could not bootstrap the admin user in file admin.conf: ${error.message}`);
  }
};

/** `kubeadm init`. @throws PhaseFailure, CommandFailure */
export const init = async (process: Process, args: readonly string[]): Promise<number> => {
  const { values, flags } = parseOptions(args, '', [
    'config',
    'skip-phases',
    'certificate-key',
    'ignore-preflight-errors',
  ]);
  const of = readInit(process, values.get('config'));
  const { init: configuration, nodeName } = of;
  say(process, `[init] Using Kubernetes version: ${of.version}`);
  const registration = configuration.nodeRegistration ?? {};
  await inPhase('preflight', async () => {
    await checkForInit(process, { nodeName, registration });
    await pullForControlPlane(process, of.version, registration);
  });
  await controlPlane(of);
  await inPhase('upload-config/kubeadm', () => bootstrapAdmin(of));
  const admin = accessOf(process, `${kubeconfigFolder}/admin.conf`);
  await inPhase('upload-config', () => uploadConfiguration(of, admin));
  if (flags.has('upload-certs'))
    await inPhase('upload-certs', () =>
      uploadCerts(process, admin, configuration.certificateKey ?? randomBytes(32).toString('hex'), {
        printKey: !flags.has('skip-certificate-key-print'),
        verbosity: 0,
      }),
    );
  else say(process, '[upload-certs] Skipping phase. Please see --upload-certs');
  await inPhase('mark-control-plane', () =>
    markControlPlane(process, admin, nodeName, registration, of.limits.kubernetesApiCall),
  );
  await inPhase('bootstrap-token', () => bootstrapTokens(of, admin));
  say(
    process,
    '[kubelet-finalize] Updating "/etc/kubernetes/kubelet.conf" to point to a rotatable kubelet client certificate and key',
  );
  await inPhase('addon', () => addons(of, admin));
  apiServerOn(process.machine)?.kubernetes?.controllers.wake();
  if (!(values.get('skip-phases') ?? '').split(',').includes('show-join-command'))
    say(process, '', 'Your Kubernetes control-plane has initialized successfully!', '');
  return 0;
};
