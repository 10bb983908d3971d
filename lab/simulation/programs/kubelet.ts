import { parse } from 'yaml';
import { parseFlags } from '../components/flags.js';
import { bootstrap, klog, NoBootstrap } from '../kubelet/bootstrap.js';
import { RunningKubelet } from '../kubelet/kubelet.js';
import { runDaemonSets } from '../kubelet/pods-of-daemons.js';
import { manifestFolder } from '../kubelet/static-pods.js';
import { ApiError, callApi } from '../kubernetes/client.js';
import type { Kubeconfig } from '../kubernetes/kubeconfig.js';
import { ApiServer } from '../kubernetes/api-server.js';
import { whatAnswers } from '../network/http-client.js';
import { PortInUse } from '../network/port-in-use.js';
import type { Process, Program } from '../system/process.js';
import { runtimeVersion } from './containerd.js';

const startMs = 350;
const retryMs = 300;

const knownFlags = new Set([
  'bootstrap-kubeconfig',
  'kubeconfig',
  'config',
  'node-ip',
  'node-labels',
  'hostname-override',
  'register-with-taints',
  'container-runtime-endpoint',
  'pod-infra-container-image',
  'v',
]);

interface Settings {
  readonly nodeName: string;
  readonly flags: ReadonlyMap<string, string>;
}

const failed = (process: Process, because: string): number => {
  klog(process, 'E', 'run.go:72', `"command failed" err="${because}"`);
  return 1;
};

/** Why it cannot start on this host; undefined when it can. */
const obstacle = (process: Process, configFile: string): string | undefined => {
  const { machine } = process;
  const text = machine.files.readIfThere(configFile);
  if (text === undefined)
    return `failed to load kubelet config file, path: ${configFile}, error: failed to load Kubelet config file ${configFile}, error failed to read kubelet config file \\"${configFile}\\", error: open ${configFile}: no such file or directory`;
  let config: { readonly failCgroupV1?: boolean; readonly failSwapOn?: boolean };
  try {
    config = (parse(text) ?? {}) as typeof config;
  } catch {
    return `failed to load kubelet config file, path: ${configFile}, error: yaml: invalid`;
  }
  if (machine.cgroupVersion === 1 && config.failCgroupV1 !== false)
    return 'failed to run Kubelet: kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will be removed in a future release';
  if (machine.swap && config.failSwapOn !== false)
    return 'failed to run Kubelet: running with swap on is not supported, please disable swap or set --fail-swap-on flag to false';
  if (!machine.sockets.has('/run/containerd/containerd.sock'))
    return 'failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint \\"unix:///run/containerd/containerd.sock\\": rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory\\"';
  return undefined;
};

const labelsOf = ({ flags, nodeName }: Settings): Record<string, string> => ({
  'beta.kubernetes.io/arch': 'amd64',
  'beta.kubernetes.io/os': 'linux',
  'kubernetes.io/arch': 'amd64',
  'kubernetes.io/hostname': nodeName,
  'kubernetes.io/os': 'linux',
  ...Object.fromEntries(
    (flags.get('node-labels') ?? '')
      .split(',')
      .filter((pair) => pair !== '')
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  ),
});

const declaredFeatures = [
  'ExtendWebSocketsToKubelet',
  'InPlacePodLevelResourcesVerticalScaling',
  'InPlacePodVerticalScalingInitContainers',
  'RestartAllContainersOnContainerExits',
];

/** What it keeps from its first start on; nobody here reads its serving certificate. */
const writeState = ({ machine: { files } }: Process): void => {
  const folder = '/var/lib/kubelet';
  if (files.exists(`${folder}/cpu_manager_state`)) return;
  files.makeDirectories(`${folder}/pki`, 0o750);
  for (const file of ['kubelet.crt', 'kubelet.key']) files.write(`${folder}/pki/${file}`, '', 0o600);
  files.write(`${folder}/cpu_manager_state`, '{"policyName":"none","defaultCpuSet":"","checksum":1353318690}', 0o600);
  files.write(`${folder}/memory_manager_state`, '{"policyName":"None","machineState":{},"checksum":4047770}', 0o600);
};

/** Registers the Node, or finds the one that is there. */
const register = async (process: Process, kubeconfig: Kubeconfig, settings: Settings): Promise<void> => {
  const { machine } = process;
  const { nodeName, flags } = settings;
  const version = machine.kubernetesVersion;
  const status = {
    addresses: [
      { type: 'InternalIP', address: flags.get('node-ip') ?? machine.defaultAddress },
      { type: 'Hostname', address: nodeName },
    ],
    nodeInfo: {
      machineID: machine.machineId,
      bootID: machine.bootId,
      kernelVersion: machine.kernel,
      osImage: 'Debian GNU/Linux 12 (bookworm)',
      containerRuntimeVersion: `containerd://${runtimeVersion.replace(/~.*/, '')}`,
      kubeletVersion: version,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
      runningInUserNamespace: false,
    },
    declaredFeatures,
  };
  const taints = (flags.get('register-with-taints') ?? '')
    .split(',')
    .filter((taint) => taint !== '')
    .map((taint) => {
      const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(.*)$/.exec(taint) ?? [];
      return { key, ...(value === undefined || value === '' ? {} : { value }), effect };
    });
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName, labels: labelsOf(settings) },
    spec: taints.length === 0 ? {} : { taints },
    status,
  };
  for (;;) {
    try {
      await callApi(process, kubeconfig, 'POST', '/api/v1/nodes', { body: JSON.stringify(node) });
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.reason === 'AlreadyExists') {
        try {
          await callApi(process, kubeconfig, 'PATCH', `/api/v1/nodes/${nodeName}`, {
            body: JSON.stringify({ metadata: { labels: node.metadata.labels }, status }),
          });
          return;
        } catch (again) {
          if (!(again instanceof ApiError)) throw again;
        }
      } else
        klog(
          process,
          'E',
          'kubelet_node_status.go:106',
          `"Unable to register node with API server" err="${error.message}" node="${nodeName}"`,
        );
    }
    await process.work(retryMs);
  }
};

/** The kubelet of a Node. */
export const kubelet: Program = async (process, args) => {
  const { machine } = process;
  if (args.includes('--version')) {
    process.print(`Kubernetes ${machine.kubernetesVersion}\n`);
    return 0;
  }
  const flags = parseFlags(args);
  const unknown = [...flags.keys()].find((flag) => !knownFlags.has(flag));
  if (unknown !== undefined) return failed(process, `failed to parse kubelet flag: unknown flag: --${unknown}`);
  await process.work(startMs);
  const because = obstacle(process, flags.get('config') ?? '');
  if (because !== undefined) return failed(process, because);
  writeState(process);
  const settings = { flags, nodeName: flags.get('hostname-override') ?? machine.hostname };
  const healthy = { http: () => ({ status: 200, body: 'ok' }) };
  try {
    machine.listen({ port: 10_248, address: '127.0.0.1', process, name: 'kubelet', service: healthy });
    machine.listen({
      port: 10_250,
      address: '*',
      process,
      name: 'kubelet',
      service: { certificate: () => '', http: () => ({ status: 401, body: 'Unauthorized' }) },
    });
  } catch (error) {
    machine.closePorts(process);
    if (!(error instanceof PortInUse)) throw error;
    return failed(process, `failed to run Kubelet: ${error.message}`);
  }
  const over = (): boolean => process.status !== undefined || process.isKilled;
  const sync = (): void => {
    if (!over() && machine.sockets.has('/run/containerd/containerd.sock')) machine.staticPods.sync(settings.nodeName);
  };
  const stopWatching = machine.files.watch(`${manifestFolder}/`, () => void machine.after(100, sync));
  machine.kubelet = process;
  let running: RunningKubelet | undefined;
  try {
    sync();
    const kubeconfig = await bootstrap(process, {
      kubeconfig: flags.get('kubeconfig') ?? '',
      bootstrapKubeconfig: flags.get('bootstrap-kubeconfig') ?? '',
      nodeName: settings.nodeName,
    });
    for (;;) {
      await register(process, kubeconfig, settings);
      const service = whatAnswers(machine, kubeconfig.server)?.listener.service;
      const kubernetes = service instanceof ApiServer ? service.kubernetes : undefined;
      if (kubernetes === undefined) {
        await process.work(retryMs);
        continue;
      }
      running = new RunningKubelet(process, settings.nodeName, kubeconfig, kubernetes);
      runDaemonSets(machine, settings.nodeName, kubernetes, over);
      // A Node that was deleted is registered again only by a kubelet that starts anew.
      await process.during(new Promise(() => undefined));
    }
  } catch (error) {
    if (error instanceof NoBootstrap) return 1;
    throw error;
  } finally {
    running?.stop();
    stopWatching();
    machine.closePorts(process);
    if (machine.kubelet === process) machine.kubelet = undefined;
  }
};
