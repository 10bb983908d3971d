import { parse } from 'yaml';
import { publicKeyHash } from '../../../certificates/certificates.js';
import { ApiError } from '../../../kubernetes/client.js';
import type { Access } from '../../../kubernetes/client.js';
import { configMaps } from '../../../kubernetes/store.js';
import { signClusterInfo } from '../../../kubernetes/tokens.js';
import type { Process } from '../../../system/process.js';
import { readObject } from '../access.js';
import type { ClusterConfiguration, JoinConfiguration } from '../configuration.js';
import { CommandFailure, say } from '../output.js';

/** What a host that joins knows of its cluster. */
export interface Discovered {
  readonly server: string;
  readonly ca: string;
  /** With the bootstrap token. */
  readonly access: Access;
}

interface ClusterInfo {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
}

const retryMs = 5_000;

const prefix = "couldn't validate the identity of the API Server: ";

/** One look at cluster-info. @throws CommandFailure that says why the token or the server was not believed */
const look = async (
  process: Process,
  timeout: string,
  endpoint: string,
  id: string,
  secret: string,
  pins: readonly string[],
): Promise<Discovered> => {
  const insecure: Access = { server: `https://${endpoint}`, ca: '' };
  const read = async (access: Access): Promise<Record<string, string>> => {
    try {
      return (await readObject(process, access, configMaps, 'cluster-info', 'kube-public')).data ?? {};
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // kubeadm asks with its own limit, which the error tells.
      const said = error.message.replace(/^(Get "[^"?]*)"/, `$1?timeout=${timeout}"`);
      throw new CommandFailure(`failed to request the cluster-info ConfigMap: ${said}`);
    }
  };
  const data = await read(insecure);
  const content = data['kubeconfig'];
  if (content === undefined) throw new CommandFailure('there is no kubeconfig key in the cluster-info ConfigMap');
  const signature = data[`jws-kubeconfig-${id}`];
  if (signature === undefined)
    throw new CommandFailure(`could not find a JWS signature in the cluster-info ConfigMap for token ID "${id}"`);
  if (signature !== signClusterInfo(content, { id, secret }))
    throw new CommandFailure(
      "failed to verify JWS signature of received cluster info object, can't trust this API Server",
    );
  const cluster = (parse(content) as ClusterInfo).clusters[0]?.cluster;
  const ca = Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString('latin1');
  if (pins.length > 0 && !pins.includes(publicKeyHash(ca)))
    throw new CommandFailure(
      `cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "${publicKeyHash(ca)}" are pinned`,
    );
  const again = await read({ ...insecure, ca });
  if (again['kubeconfig'] !== content)
    throw new CommandFailure(
      'the second kubeconfig from the cluster-info ConfigMap (using validated TLS) was different from the first',
    );
  const server = cluster?.server ?? '';
  return { server, ca, access: { server, ca, token: `${id}.${secret}` } };
};

/** Discovery by a token: until it succeeds or its time is up. @throws CommandFailure with the last error */
export const discover = async (
  process: Process,
  configuration: JoinConfiguration,
  limitMs: number,
): Promise<Discovered> => {
  const { apiServerEndpoint = '', token = '', caCertHashes = [] } = configuration.discovery?.bootstrapToken ?? {};
  const [id = '', secret = ''] = token.split('.');
  const deadline = Date.now() + limitMs * process.machine.world.timeScale;
  for (;;) {
    try {
      return await look(process, `${Math.min(10, limitMs / 1000)}s`, apiServerEndpoint, id, secret, caCertHashes);
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      // Another CA does not become the right one by waiting.
      const final = /are pinned|verify JWS/.test(error.message);
      if (final || Date.now() > deadline) throw new CommandFailure(prefix + error.message);
    }
    await process.work(retryMs);
  }
};

/** The configuration that the cluster was made with. @throws CommandFailure */
export const readClusterConfiguration = async (
  process: Process,
  access: Access,
  limitMs: number,
): Promise<ClusterConfiguration> => {
  say(
    process,
    '[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...',
    "[preflight] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.",
  );
  const deadline = Date.now() + limitMs * process.machine.world.timeScale;
  for (;;) {
    try {
      const { data = {} } = await readObject(process, access, configMaps, 'kubeadm-config', 'kube-system');
      return parse(data['ClusterConfiguration'] ?? '') as ClusterConfiguration;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === 401)
        throw new CommandFailure(
          'unable to fetch the kubeadm-config ConfigMap: failed to get config map: Unauthorized',
        );
      if (Date.now() > deadline)
        throw new CommandFailure(
          `unable to fetch the kubeadm-config ConfigMap: failed to get config map: ${error.message}`,
        );
    }
    await process.work(500);
  }
};
