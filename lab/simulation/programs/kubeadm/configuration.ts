import { parseAllDocuments } from 'yaml';
import { joinPath } from '../../files/file-system.js';
import type { Process } from '../../system/process.js';
import { CommandFailure } from './output.js';

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export interface NodeRegistration {
  readonly name?: string;
  readonly criSocket?: string;
  readonly taints?: readonly Taint[] | null;
  readonly kubeletExtraArgs?: readonly NamedValue[];
  readonly ignorePreflightErrors?: readonly string[];
  readonly imagePullPolicy?: string;
}

export interface Timeouts {
  readonly discovery?: string;
  readonly etcdAPICall?: string;
  readonly kubernetesAPICall?: string;
  readonly tlsBootstrap?: string;
  readonly kubeletHealthCheck?: string;
  readonly controlPlaneComponentHealthCheck?: string;
}

interface LocalApiEndpoint {
  readonly advertiseAddress?: string;
  readonly bindPort?: number;
}

export interface ClusterConfiguration {
  readonly clusterName?: string;
  readonly kubernetesVersion?: string;
  readonly controlPlaneEndpoint?: string;
  readonly networking?: { readonly podSubnet?: string; readonly serviceSubnet?: string; readonly dnsDomain?: string };
  readonly apiServer?: { readonly extraArgs?: readonly NamedValue[]; readonly certSANs?: readonly string[] };
  readonly controllerManager?: { readonly extraArgs?: readonly NamedValue[] };
  readonly scheduler?: { readonly extraArgs?: readonly NamedValue[] };
  readonly etcd?: { readonly local?: { readonly extraArgs?: readonly NamedValue[] } };
  readonly imageRepository?: string;
}

export interface InitConfiguration {
  readonly nodeRegistration?: NodeRegistration;
  readonly localAPIEndpoint?: LocalApiEndpoint;
  readonly bootstrapTokens?: readonly {
    readonly token?: string;
    readonly ttl?: string;
    readonly description?: string;
  }[];
  readonly certificateKey?: string;
  readonly skipPhases?: readonly string[];
  readonly timeouts?: Timeouts;
}

export interface JoinConfiguration {
  readonly nodeRegistration?: NodeRegistration;
  readonly discovery?: {
    readonly bootstrapToken?: {
      readonly apiServerEndpoint?: string;
      readonly token?: string;
      readonly caCertHashes?: readonly string[];
      readonly unsafeSkipCAVerification?: boolean;
    };
  };
  readonly controlPlane?: { readonly localAPIEndpoint?: LocalApiEndpoint; readonly certificateKey?: string } | null;
  readonly skipPhases?: readonly string[];
  readonly timeouts?: Timeouts;
}

interface ResetConfiguration {
  readonly force?: boolean;
  readonly cleanupTmpDir?: boolean;
  readonly skipPhases?: readonly string[];
  readonly unmountFlags?: readonly string[];
  readonly ignorePreflightErrors?: readonly string[];
}

export interface Documents {
  readonly InitConfiguration?: InitConfiguration;
  readonly ClusterConfiguration?: ClusterConfiguration;
  readonly JoinConfiguration?: JoinConfiguration;
  readonly ResetConfiguration?: ResetConfiguration;
  readonly KubeletConfiguration?: Record<string, unknown>;
  readonly KubeProxyConfiguration?: Record<string, unknown>;
}

/** The documents of a configuration file, by kind. @throws CommandFailure */
export const readConfiguration = (process: Process, path: string | undefined): Documents => {
  if (path === undefined) return {};
  const text = process.machine.files.readIfThere(joinPath(process.directory, path));
  if (text === undefined)
    throw new CommandFailure(`unable to read config from "${path}" : open ${path}: no such file or directory`);
  const found: Record<string, unknown> = {};
  for (const document of parseAllDocuments(text, { version: '1.1' })) {
    if (document.errors.length > 0)
      throw new CommandFailure(`error converting YAML to JSON: ${document.errors[0]?.message}`);
    const value = document.toJS() as { kind?: string; apiVersion?: string } | null;
    if (value?.kind === undefined) continue;
    if (value.apiVersion === 'kubeadm.k8s.io/v1beta3')
      throw new CommandFailure(
        `your configuration file uses an old API spec: "kubeadm.k8s.io/v1beta3" (kind: "${value.kind}"). Please use kubeadm v1.36 instead and run 'kubeadm config migrate --old-config old-config-file --new-config new-config-file', which will write the new, similar spec using a newer API version.`,
      );
    found[value.kind] = value;
  }
  return found as Documents;
};

const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of a duration such as `5m0s`. */
export const parseDuration = (text: string | undefined, otherwise: number): number => {
  if (text === undefined) return otherwise;
  let total = 0;
  for (const [, number = '0', unit = 's'] of text.matchAll(/([\d.]+)(h|ms|m|s)/g))
    total += Number(number) * (units[unit] ?? 1000);
  return total;
};

export interface TimeLimits {
  readonly discovery: number;
  readonly etcdApiCall: number;
  readonly kubernetesApiCall: number;
  readonly tlsBootstrap: number;
  readonly kubeletHealth: number;
  readonly componentHealth: number;
}

/** In milliseconds on an ordinary host. */
export const limitsOf = (timeouts: Timeouts = {}): TimeLimits => ({
  discovery: parseDuration(timeouts.discovery, 300_000),
  etcdApiCall: parseDuration(timeouts.etcdAPICall, 120_000),
  kubernetesApiCall: parseDuration(timeouts.kubernetesAPICall, 60_000),
  tlsBootstrap: parseDuration(timeouts.tlsBootstrap, 300_000),
  kubeletHealth: parseDuration(timeouts.kubeletHealthCheck, 240_000),
  componentHealth: parseDuration(timeouts.controlPlaneComponentHealthCheck, 240_000),
});
