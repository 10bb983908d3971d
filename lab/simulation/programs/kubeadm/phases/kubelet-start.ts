import { stringify } from 'yaml';
import { httpRequest } from '../../../network/http-client.js';
import { readKubeconfig } from '../../../kubernetes/kubeconfig.js';
import type { Process } from '../../../system/process.js';
import type { NodeRegistration } from '../configuration.js';
import { CommandFailure, goDuration, say } from '../output.js';

const stateFolder = '/var/lib/kubelet';

export interface KubeletOptions {
  readonly nodeName: string;
  readonly registration: NodeRegistration;
  readonly configuration: Readonly<Record<string, unknown>>;
  /** The order in which `init` and `join` write the files differs. */
  readonly flagsFirst: boolean;
}

const writeFlags = (process: Process, { nodeName, registration }: KubeletOptions): void => {
  say(
    process,
    `[kubelet-start] Writing kubelet environment file with flags to file "${stateFolder}/kubeadm-flags.env"`,
  );
  const extra = registration.kubeletExtraArgs ?? [];
  const taints = registration.taints ?? [];
  const flags = [
    ...(nodeName === process.machine.hostname ? [] : [`--hostname-override=${nodeName}`]),
    ...(taints.length === 0
      ? []
      : [
          `--register-with-taints=${taints.map(({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`).join(',')}`,
        ]),
    ...extra.map(({ name, value }) => `--${name}=${value}`),
  ];
  process.machine.files.write(`${stateFolder}/kubeadm-flags.env`, `KUBELET_KUBEADM_ARGS="${flags.join(' ')}"\n`, 0o600);
};

const writeConfiguration = (process: Process, { configuration, registration }: KubeletOptions): void => {
  const { files } = process.machine;
  const socket = registration.criSocket ?? 'unix:///var/run/containerd/containerd.sock';
  say(process, `[kubelet-start] Writing kubelet configuration to file "${stateFolder}/instance-config.yaml"`);
  files.write(`${stateFolder}/instance-config.yaml`, stringify({ containerRuntimeEndpoint: socket }), 0o600);
  say(
    process,
    '[patches] Applied patch of type "application/strategic-merge-patch+json" to target "kubeletconfiguration"',
  );
  say(process, `[kubelet-start] Writing kubelet configuration to file "${stateFolder}/config.yaml"`);
  const document = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    ...configuration,
    containerRuntimeEndpoint: socket,
    staticPodPath: '/etc/kubernetes/manifests',
  };
  files.write(`${stateFolder}/config.yaml`, stringify(document), 0o644);
};

/** Configures the kubelet and starts it; whether it runs is looked at later. */
export const startKubelet = async (process: Process, options: KubeletOptions): Promise<void> => {
  const { files, systemd } = process.machine;
  files.makeDirectories(stateFolder);
  const unit = systemd.unit('kubelet.service');
  if (unit !== undefined && unit.active !== 'inactive') await process.during(unit.stop());
  if (options.flagsFirst) writeFlags(process, options);
  writeConfiguration(process, options);
  if (!options.flagsFirst) writeFlags(process, options);
  say(process, '[kubelet-start] Starting the kubelet');
  await process.during(unit?.start() ?? Promise.resolve());
};

/** Waits until the kubelet's own health check answers. @throws CommandFailure */
export const waitForKubelet = async (process: Process, limitMs: number): Promise<void> => {
  const { machine } = process;
  say(
    process,
    '[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to 4m0s',
  );
  const started = Date.now();
  const deadline = started + limitMs * machine.world.timeScale;
  for (;;) {
    const outcome = await process.during(
      httpRequest(machine, { scheme: 'http', host: '127.0.0.1', port: 10_248, path: '/healthz' }),
    );
    if (outcome.kind === 'answered' && outcome.response.status === 200) {
      say(process, `[kubelet-check] The kubelet is healthy after ${goDuration(Date.now() - started)}`);
      return;
    }
    if (Date.now() > deadline) {
      say(
        process,
        `[kubelet-check] The kubelet is not healthy after ${goDuration(Date.now() - started)}`,
        '',
        'Unfortunately, an error has occurred, likely caused by:',
        '\t- The kubelet is not running',
        '\t- The kubelet is unhealthy due to a misconfiguration of the node in some way (required cgroups disabled)',
        '',
      );
      throw new CommandFailure(
        'failed while waiting for the kubelet to start: The HTTP call equal to \'curl -sSL http://127.0.0.1:10248/healthz\' returned error: Get "http://127.0.0.1:10248/healthz": dial tcp 127.0.0.1:10248: connect: connection refused',
      );
    }
    await process.work(500);
  }
};

/** Waits until the kubelet has its certificate. @throws CommandFailure */
export const waitForBootstrap = async (process: Process, limitMs: number): Promise<void> => {
  const { machine } = process;
  say(process, '[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap');
  const deadline = Date.now() + limitMs * machine.world.timeScale;
  while (readKubeconfig(machine.files, '/etc/kubernetes/kubelet.conf')?.clientCertificate === undefined) {
    if (Date.now() > deadline) throw new CommandFailure('timed out waiting for the condition');
    await process.work(500);
  }
};
