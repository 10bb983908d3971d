import { parse } from 'yaml';
import { ApiError, callApi } from '../../kubernetes/client.js';
import type { Access } from '../../kubernetes/client.js';
import { renderKubeconfig } from '../../kubernetes/kubeconfig.js';
import type { KubernetesObject } from '../../kubernetes/objects.js';
import { configMaps, nodes } from '../../kubernetes/store.js';
import type { Process } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';
import { accessOf, adminConf, pathOf, persist, readObject } from './access.js';
import { waitForComponents } from './phases/components-health.js';
import { limitsOf, readConfiguration } from './configuration.js';
import type { ClusterConfiguration, JoinConfiguration, NodeRegistration, TimeLimits } from './configuration.js';
import { discover, readClusterConfiguration } from './phases/discovery.js';
import type { Discovered } from './phases/discovery.js';
import { checkEtcd, joinEtcd } from './phases/etcd-join.js';
import { kubeconfigFolder, writeKubeconfigs } from './phases/kubeconfigs.js';
import { startKubelet, waitForBootstrap, waitForKubelet } from './phases/kubelet-start.js';
import { manifestFolder, writeControlPlane } from './phases/manifests.js';
import { markControlPlane } from './phases/mark-control-plane.js';
import { CommandFailure, inPhase, say } from './output.js';
import { certsOfJoin, pkiFolder } from './phases/pki.js';
import { checkForControlPlane, checkForJoin, pullForControlPlane } from './phases/preflight.js';
import { tokenPattern } from './token.js';
import { downloadCerts } from './phases/upload-certs.js';

interface Join {
  readonly process: Process;
  readonly configuration: JoinConfiguration;
  readonly registration: NodeRegistration;
  readonly nodeName: string;
  readonly address: string;
  readonly limits: TimeLimits;
}

const phaseMs = 150;

/** Phase `preflight`: the host, the cluster, and the host as a control plane. */
const preflight = async (
  of: Join,
  controlPlaneFlag: boolean,
): Promise<{ discovered: Discovered; cluster: ClusterConfiguration }> => {
  const { process, configuration, registration, nodeName, limits } = of;
  const controlPlane = configuration.controlPlane ?? undefined;
  const endpoint = configuration.discovery?.bootstrapToken?.apiServerEndpoint ?? '';
  await checkForJoin(process, { nodeName, registration, controlPlane: controlPlane !== undefined, endpoint });
  let discovered: Discovered;
  if (controlPlaneFlag && process.machine.files.exists(adminConf)) {
    // It is believed, whatever cluster it is of.
    const access = accessOf(process, adminConf);
    discovered = { server: access.server, ca: access.ca, access };
  } else discovered = await discover(process, configuration, limits.discovery);
  const cluster = await readClusterConfiguration(process, discovered.access, limits.kubernetesApiCall);
  if (controlPlane !== undefined) {
    if (cluster.controlPlaneEndpoint === undefined)
      throw new CommandFailure(
        "\nOne or more conditions for hosting a new control plane instance is not satisfied.\n\nunable to add a new control plane instance to a cluster that doesn't have a stable controlPlaneEndpoint address\n\nPlease ensure that:\n* The cluster has a stable controlPlaneEndpoint address.\n* The certificates that must be shared among control plane instances are provided.\n\n",
      );
    await checkForControlPlane(process, { nodeName, registration });
    await pullForControlPlane(process, cluster.kubernetesVersion ?? process.machine.kubernetesVersion, registration);
  }
  return { discovered, cluster };
};

/** Phases `control-plane-prepare/...`. */
const prepareControlPlane = async (
  of: Join,
  discovered: Discovered,
  cluster: ClusterConfiguration,
  version: string,
): Promise<void> => {
  const { process, configuration, nodeName, address } = of;
  const { certificateKey } = configuration.controlPlane ?? {};
  if (certificateKey !== undefined)
    await inPhase('control-plane-prepare/download-certs', () =>
      downloadCerts(process, discovered.access, certificateKey),
    );
  await process.work(phaseMs);
  await inPhase('control-plane-prepare/certs', () =>
    certsOfJoin(process, {
      nodeName,
      advertiseAddress: address,
      endpoint: cluster.controlPlaneEndpoint,
      serviceSubnet: cluster.networking?.serviceSubnet ?? '10.96.0.0/12',
      dnsDomain: cluster.networking?.dnsDomain ?? 'cluster.local',
      extraNames: cluster.apiServer?.certSANs ?? [],
    }),
  );
  await process.work(phaseMs);
  say(
    process,
    '[kubeconfig] Generating kubeconfig files',
    `[kubeconfig] Using kubeconfig folder "${kubeconfigFolder}"`,
  );
  await inPhase('control-plane-prepare/kubeconfig', () =>
    writeKubeconfigs(process, ['admin', 'controller-manager', 'scheduler'], {
      nodeName,
      clusterName: cluster.clusterName ?? 'kubernetes',
      endpoint: cluster.controlPlaneEndpoint ?? `${address}:6443`,
      localEndpoint: `${address}:6443`,
    }),
  );
  say(process, `[control-plane] Using manifest folder "${manifestFolder}"`);
  writeControlPlane(process, { cluster, nodeName, advertiseAddress: address, version }, (component) =>
    say(process, `[control-plane] Creating static Pod manifest for "${component}"`),
  );
  await process.work(phaseMs);
};

/** The Node of that name has to be another one's that is gone. @throws CommandFailure */
const refuseTwin = async (of: Join, access: Access): Promise<void> => {
  const { process, nodeName, limits } = of;
  let node: KubernetesObject | undefined;
  try {
    node = await persist(process, limits.kubernetesApiCall, `cannot get Node "${nodeName}"`, async () => {
      try {
        return await readObject(process, access, nodes, nodeName);
      } catch (error) {
        if (error instanceof ApiError && error.code === 404) return undefined;
        throw error;
      }
    });
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw new CommandFailure(error.message);
  }
  const conditions = (node?.status?.['conditions'] ?? []) as readonly { type: string; status: string }[];
  if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True'))
    throw new CommandFailure(
      `a Node with name "${nodeName}" and status "Ready" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node`,
    );
};

const startKubeletOf = async (of: Join, discovered: Discovered, cluster: ClusterConfiguration): Promise<void> => {
  const { process, configuration, registration, nodeName, address, limits } = of;
  const { files } = process.machine;
  const token = configuration.discovery?.bootstrapToken?.token ?? '';
  await refuseTwin(of, discovered.access);
  // A control-plane host bootstraps at its own API server.
  const server =
    (configuration.controlPlane ?? undefined) === undefined ? discovered.server : `https://${address}:6443`;
  files.makeDirectories(kubeconfigFolder);
  files.write(
    `${kubeconfigFolder}/bootstrap-kubelet.conf`,
    renderKubeconfig({
      server,
      ca: discovered.ca,
      cluster: cluster.clusterName ?? 'kubernetes',
      user: 'tls-bootstrap-token-user',
      credentials: { token },
    }),
    0o600,
  );
  files.makeDirectories(pkiFolder);
  if (!files.exists(`${pkiFolder}/ca.crt`)) files.write(`${pkiFolder}/ca.crt`, discovered.ca, 0o644);
  const kubeletConfiguration = await persist(
    process,
    limits.kubernetesApiCall,
    'failed to get config map "kubelet-config"',
    () => readObject(process, discovered.access, configMaps, 'kubelet-config', 'kube-system'),
  );
  await startKubelet(process, {
    nodeName,
    registration,
    configuration: (parse(kubeletConfiguration.data?.['kubelet'] ?? '') ?? {}) as Record<string, unknown>,
    flagsFirst: false,
  });
};

const finishBootstrap = async ({ process, limits }: Join): Promise<void> => {
  await waitForKubelet(process, limits.kubeletHealth);
  await waitForBootstrap(process, limits.tlsBootstrap);
  const { files } = process.machine;
  if (files.exists(`${kubeconfigFolder}/bootstrap-kubelet.conf`))
    files.remove(`${kubeconfigFolder}/bootstrap-kubelet.conf`);
};

const closingWords = (process: Process, controlPlane: boolean): void =>
  controlPlane
    ? say(
        process,
        '',
        'This node has joined the cluster and a new control plane instance was created:',
        '',
        '* Certificate signing request was sent to apiserver and approval was received.',
        '* The Kubelet was informed of the new secure connection details.',
        '* Control plane label and taint were applied to the new node.',
        '* The Kubernetes control plane instances scaled up.',
        '* A new etcd member was added to the local/stacked etcd cluster.',
        '',
        'To start administering your cluster from this node, you need to run the following as a regular user:',
        '',
        '\tmkdir -p $HOME/.kube',
        '\tsudo cp -i /etc/kubernetes/admin.conf $HOME/.kube/config',
        '\tsudo chown $(id -u):$(id -g) $HOME/.kube/config',
        '',
        "Run 'kubectl get nodes' to see this node join the cluster.",
        '',
      )
    : say(
        process,
        '',
        'This node has joined the cluster:',
        '* Certificate signing request was sent to apiserver and a response was received.',
        '* The Kubelet was informed of the new secure connection details.',
        '',
        "Run 'kubectl get nodes' on the control-plane to see this node join the cluster.",
        '',
      );

/** Where the etcd members that have started answer: by the annotations of their Pods, which are those that run. */
const etcdEndpoints = async ({ process, limits }: Join, access: Access): Promise<readonly string[]> => {
  const answer = await persist(process, limits.kubernetesApiCall, 'could not retrieve the list of etcd endpoints', () =>
    callApi(process, access, 'GET', pathOf(nodes, undefined)),
  );
  const items = (JSON.parse(answer) as { items: KubernetesObject[] }).items;
  return items
    .filter(({ metadata }) => 'node-role.kubernetes.io/control-plane' in (metadata.labels ?? {}))
    .flatMap(({ status }) =>
      ((status?.['addresses'] ?? []) as readonly { type: string; address: string }[]).filter(
        ({ type }) => type === 'InternalIP',
      ),
    )
    .map(({ address }) => `https://${address}:2379`);
};

/** What the command line says without a configuration file. */
const configurationOfFlags = (
  apiServerEndpoint: string | undefined,
  values: ReadonlyMap<string, string>,
): JoinConfiguration => {
  const [token, hash] = [values.get('token'), values.get('discovery-token-ca-cert-hash')];
  if (apiServerEndpoint === undefined || token === undefined) return {};
  return {
    discovery: {
      bootstrapToken: { apiServerEndpoint, token, ...(hash === undefined ? {} : { caCertHashes: [hash] }) },
    },
  };
};

/** @throws CommandFailure */
const validate = ({ discovery }: JoinConfiguration): void => {
  if (discovery?.bootstrapToken === undefined)
    throw new CommandFailure('discovery: Invalid value: "": bootstrapToken or file must be set');
  const { token = '' } = discovery.bootstrapToken;
  if (tokenPattern.test(token)) return;
  const wrong = `Invalid value: "${token}": the bootstrap token is invalid`;
  throw new CommandFailure(`[discovery.bootstrapToken.token: ${wrong}, discovery.tlsBootstrapToken: ${wrong}]`);
};

/** `kubeadm join`. @throws PhaseFailure, CommandFailure */
export const join = async (process: Process, args: readonly string[]): Promise<number> => {
  const { values, flags, operands } = parseOptions(args, '', [
    'config',
    'ignore-preflight-errors',
    'token',
    'discovery-token-ca-cert-hash',
  ]);
  const configuration = values.has('config')
    ? (readConfiguration(process, values.get('config')).JoinConfiguration ?? {})
    : configurationOfFlags(operands[0], values);
  validate(configuration);
  const registration = configuration.nodeRegistration ?? {};
  const of: Join = {
    process,
    configuration,
    registration,
    nodeName: registration.name ?? process.machine.hostname,
    address: configuration.controlPlane?.localAPIEndpoint?.advertiseAddress ?? process.machine.defaultAddress,
    limits: limitsOf(configuration.timeouts),
  };
  const controlPlane = (configuration.controlPlane ?? undefined) !== undefined;
  const { discovered, cluster } = await inPhase('preflight', () => preflight(of, flags.has('control-plane')));
  const version = cluster.kubernetesVersion ?? process.machine.kubernetesVersion;
  if (!controlPlane) {
    await inPhase('kubelet-start', () => startKubeletOf(of, discovered, cluster));
    await inPhase('kubelet-wait-bootstrap', () => finishBootstrap(of));
    closingWords(process, false);
    return 0;
  }
  await prepareControlPlane(of, discovered, cluster, version);
  const admin = accessOf(process, adminConf);
  const endpoints = await inPhase('check-etcd', async () => {
    const found = await etcdEndpoints(of, admin);
    await checkEtcd(process, found, of.limits.etcdApiCall);
    return found;
  });
  await inPhase('kubelet-start', () => startKubeletOf(of, discovered, cluster));
  await inPhase('etcd-join', () =>
    joinEtcd(
      process,
      { cluster, nodeName: of.nodeName, advertiseAddress: of.address, version },
      endpoints,
      of.limits.etcdApiCall,
    ),
  );
  await inPhase('kubelet-wait-bootstrap', () => finishBootstrap(of));
  const local = { ...admin, server: `https://${of.address}:6443` };
  await inPhase('control-plane-join/mark-control-plane', () =>
    markControlPlane(process, local, of.nodeName, registration, of.limits.kubernetesApiCall),
  );
  await inPhase('wait-control-plane', () => waitForComponents(process, of.address, of.limits.componentHealth));
  closingWords(process, true);
  return 0;
};
