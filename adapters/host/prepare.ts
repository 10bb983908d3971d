import { QuorateError } from '../../model/failures/failure.js';
import { parseAddress } from '../../model/network-address.js';
import type { OperationContext } from '../../model/operation.js';
import { definitionOf } from '../../model/operations.js';
import { execute, requireSuccess } from '../ssh/execute.js';
import type { Host, RunOptions } from '../ssh/types.js';
import { criSocketPath } from './cri-request.js';
import { splitPieces } from './pieces.js';
import { prepareScript } from './prepare-script.js';

export type PrepareInput = Pick<OperationContext, 'kind' | 'kubernetesVersion' | 'networking' | 'target' | 'kubeadm'>;

/** What was before, for whoever wants it back. */
interface PrepareUndo {
  /** `systemctl is-enabled` of kubelet.service, when Quorate enabled it. */
  readonly kubeletWas?: string;
  /** Kernel settings that were changed, with their former values. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Files that were written; Quorate's own by name, so they can go. */
  readonly files: readonly string[];
}

export interface Preparedness {
  /** What was changed, one phrase each; empty when the host was prepared already. */
  readonly changes: readonly string[];
  /** What is not as it should be, but need not stop a join. */
  readonly notes: readonly string[];
  readonly undo: PrepareUndo;
}

/** Pulling the seven images of a control-plane host over a slow line. */
const pullTimeoutMs = 15 * 60_000;

const wantedSysctls = ({ target, networking }: PrepareInput): Record<string, string> => {
  const subnets = `${networking.podSubnet ?? ''},${networking.serviceSubnet ?? ''}`.split(',');
  const addresses = [target.address, ...subnets.map((subnet) => subnet.replace(/\/.*$/, ''))];
  const families = new Set(addresses.map((address) => parseAddress(address.trim())?.family));
  return {
    'net.bridge.bridge-nf-call-iptables': '1',
    'net.bridge.bridge-nf-call-ip6tables': '1',
    ...(families.has(4) ? { 'net.ipv4.ip_forward': '1' } : {}),
    ...(families.has(6) ? { 'net.ipv6.conf.default.forwarding': '1', 'net.ipv6.conf.all.forwarding': '1' } : {}),
  };
};

/** JSON is YAML, and every string stays one. */
const imagesConfiguration = ({ kubeadm, kubernetesVersion }: PrepareInput): string => {
  const apiVersion = 'kubeadm.k8s.io/v1beta4';
  return [
    { apiVersion, kind: 'InitConfiguration', nodeRegistration: { criSocket: kubeadm.criSocket } },
    { ...kubeadm.clusterConfiguration, apiVersion, kind: 'ClusterConfiguration', kubernetesVersion },
  ]
    .map((document) => `${JSON.stringify(document)}\n`)
    .join('---\n');
};

const pullScript = `set -eu; umask 077
f=/run/quorate-pull.$$; trap 'rm -f "$f"' EXIT
cat >"$f"
kubeadm config images pull --config "$f"`;

const unsuitable = (host: Host, message: string, remedy: string, evidence: readonly string[]): QuorateError =>
  new QuorateError('HostUnsuitable', message, { host: host.name, remedy, evidence });

const isIgnored = ({ kubeadm }: PrepareInput, identifier: string): boolean =>
  kubeadm.ignorePreflightErrors.some((one) => [identifier, 'all'].includes(one.toLowerCase()));

/** Pulls what is missing; says what it did. kubeadm would pull as well, but late and in the middle of the join. */
const pullImages = async (
  host: Host,
  input: PrepareInput,
  missing: readonly string[],
  options: Pick<RunOptions, 'signal'>,
): Promise<Pick<Preparedness, 'changes' | 'notes'>> => {
  if (missing.length === 0) return { changes: [], notes: [] };
  const which = `${missing.length} of the images of ${input.kubernetesVersion}`;
  if (input.kubeadm.imagePullPolicy === 'Never') {
    if (isIgnored(input, 'imagepull')) return { changes: [], notes: [`${which} are missing: ${missing.join(', ')}`] };
    throw unsuitable(
      host,
      `${which} are missing on ${host.name}, and spec.kubeadm.imagePullPolicy is Never`,
      `import them into the runtime of ${host.name} (\`ctr -n k8s.io images import\`), or set spec.kubeadm.imagePullPolicy: IfNotPresent`,
      missing,
    );
  }
  const outcome = await host.run(pullScript, {
    ...options,
    stdin: imagesConfiguration(input),
    timeoutMs: pullTimeoutMs,
  });
  if (outcome.end.kind === 'exited' && outcome.end.code !== 0) {
    const said = outcome.stderr.trim().split('\n').slice(-5);
    if (isIgnored(input, 'imagepull'))
      return { changes: [], notes: [`${which} could not be pulled: ${said.join(' ')}`] };
    throw unsuitable(
      host,
      `${which} could not be pulled on ${host.name}`,
      `see that ${host.name} reaches the registry (\`kubeadm config images pull\`), then retry`,
      [...missing.map((image) => `missing: ${image}`), ...said],
    );
  }
  requireSuccess(host, 'pulling the images', outcome);
  return { changes: [`pulled ${missing.join(', ')}`], notes: [] };
};

/**
 * Makes a host ready for kubeadm: kubelet.service enabled (not started), modules overlay and br_netfilter loaded and
 * kept in /etc/modules-load.d/quorate.conf, forwarding and bridge settings right and kept in
 * /etc/sysctl.d/99-quorate-kubernetes.conf where they were not right already, and, for a control-plane host, the images
 * of its version present. Idempotent; what is right is left alone.
 *
 * @throws QuorateError Unreachable; HostUnsuitable when a setting was refused or images are missing and cannot be had;
 *   CommandFailed when the script broke.
 */
export const prepareHost = async (
  host: Host,
  input: PrepareInput,
  options: Pick<RunOptions, 'signal'> = {},
): Promise<Preparedness> => {
  const what = 'preparing the host';
  // With Always kubeadm asks the registry anyway.
  const withImages = definitionOf(input).hasEtcdMember && input.kubeadm.imagePullPolicy !== 'Always';
  const criSocket = criSocketPath(input.kubeadm.criSocket);
  const script = prepareScript({
    sysctls: wantedSysctls(input),
    ...(withImages ? { images: { criSocket } } : {}),
  });
  const stdin = withImages ? imagesConfiguration(input) : '';
  const pieces = splitPieces(host.name, what, await execute(host, what, script, { ...options, stdin }));
  const failed = pieces.values('failed');
  if (failed.length > 0)
    throw unsuitable(
      host,
      `preparing ${host.name}: could not ${failed[0] ?? ''}`,
      `mend it on ${host.name}, then retry`,
      failed,
    );
  // A name stands in a binary message, behind a byte that may look like a part of it.
  const present = new Set(pieces.values('present').flatMap((name) => [name, name.slice(1)]));
  const missing = pieces.values('wanted').filter((image) => !present.has(image));
  const pulled = await pullImages(host, input, missing, options);
  const was = new Map(pieces.values('was').map((value) => [value.split(' ')[0] ?? '', value.split(' ')[1] ?? '']));
  const kubeletWas = was.get('kubelet.service');
  was.delete('kubelet.service');
  return {
    changes: [...pieces.values('changed'), ...pulled.changes],
    notes: [...pieces.values('note'), ...pulled.notes],
    undo: {
      ...(kubeletWas === undefined ? {} : { kubeletWas }),
      sysctls: Object.fromEntries(was),
      files: pieces.values('file'),
    },
  };
};
