import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { ClusterFacts, LeaseFacts } from '../../model/facts/cluster-facts.js';
import { nameConfigMap } from '../../model/cluster-name.js';
import { QuorateError } from '../../model/failures/failure.js';
import { caHashOfPem } from '../host/ca-hash.js';
import { parseJson } from '../script/parse-json.js';
import { newMark, parseSections } from '../script/sections.js';
import { requireSuccess } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { apiFunction, parseAnswers } from './api-get.js';
import { KubernetesNode, nodeFacts } from './node.js';

export type ClusterReading = Pick<
  ClusterFacts,
  | 'caHash'
  | 'managedAs'
  | 'kubeadmConfigName'
  | 'serverVersion'
  | 'kubeadmConfigEndpoint'
  | 'clusterInfoEndpoint'
  | 'clusterInfoCaHash'
  | 'nodes'
  | 'leases'
>;

const leaseNames = ['kube-controller-manager', 'kube-scheduler'] as const;

const paths = [
  '/api/v1/nodes',
  ...leaseNames.map((name) => `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${name}`),
  '/api/v1/namespaces/kube-system/configmaps/kubeadm-config',
  '/api/v1/namespaces/kube-public/configmaps/cluster-info',
  '/version',
  `/api/v1/namespaces/${nameConfigMap.namespace}/configmaps/${nameConfigMap.name}`,
];

const NodeList = z.object({ items: z.array(KubernetesNode) });
const Lease = z.object({
  spec: z.object({ holderIdentity: z.string().default(''), renewTime: z.string().optional() }),
});
const ConfigMap = z.object({ data: z.record(z.string(), z.string()).default({}) });
const Version = z.object({ gitVersion: z.string() });

const ClusterConfiguration = z.object({
  clusterName: z.string().optional(),
  controlPlaneEndpoint: z.string().optional(),
});
const Kubeconfig = z.object({
  clusters: z
    .array(z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string().optional() }) }))
    .min(1),
});

const parseYamlAs = <T>(schema: z.ZodType<T>, text: string | undefined): T | undefined => {
  if (text === undefined) return undefined;
  try {
    const result = schema.safeParse(parseYaml(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
};

const leaseFacts = (name: (typeof leaseNames)[number], lease: z.infer<typeof Lease>, nowMs: number): LeaseFacts => ({
  name,
  holder: lease.spec.holderIdentity,
  ageSeconds:
    lease.spec.renewTime === undefined
      ? Number.MAX_SAFE_INTEGER
      : Math.max(0, Math.round((nowMs - Date.parse(lease.spec.renewTime)) / 1000)),
});

/**
 * Nodes, leader leases, kubeadm's ConfigMaps and version of a cluster, read on one control-plane host in one command
 * over one connection to its own API server; about 40 ms. What is not there is absent.
 * @param address the host's own address, which its API server advertises
 * @throws QuorateError ApiUnavailable, Unreachable, CommandFailed
 */
export const readCluster = async (host: Host, address: string): Promise<ClusterReading> => {
  const what = `reading the cluster on ${host.name}`;
  const mark = newMark();
  const script = `${apiFunction(address, mark)}
api ${paths.map(quote).join(' ')}
printf '\n%s now\n%s\n\n%s ca\n' ${mark} "$(date +%s%3N)" ${mark}
cat /etc/kubernetes/pki/ca.crt`;
  const outcome = await host.run(script, { maxOutputBytes: 64 * 2 ** 20, timeoutMs: 45_000 });
  const answers = parseAnswers(host, what, outcome.stdout, outcome.stderr, mark);
  const sections = parseSections(requireSuccess(host, what, outcome), mark);
  const found = <T>(index: number, schema: z.ZodType<T>): T | undefined => {
    const answer = answers[index];
    return answer?.status === 200 ? parseJson(schema, answer.body, `GET ${paths[index]}`, host) : undefined;
  };
  const nowMs = Number(sections.get('now')?.trim());
  const caHash = caHashOfPem(sections.get('ca') ?? '');
  const { clusterName, controlPlaneEndpoint: endpoint } =
    parseYamlAs(ClusterConfiguration, found(3, ConfigMap)?.data['ClusterConfiguration']) ?? {};
  const managedAs = found(6, ConfigMap)?.data[nameConfigMap.key];
  const info = parseYamlAs(Kubeconfig, found(4, ConfigMap)?.data['kubeconfig'])?.clusters[0]?.cluster;
  const infoCa = info?.['certificate-authority-data'];
  const infoCaHash = infoCa === undefined ? undefined : caHashOfPem(Buffer.from(infoCa, 'base64').toString('utf8'));
  const version = found(5, Version)?.gitVersion;
  return {
    nodes: found(0, NodeList)?.items.map(nodeFacts) ?? [],
    leases: leaseNames.flatMap((name, index) => {
      const lease = found(1 + index, Lease);
      return lease === undefined ? [] : [leaseFacts(name, lease, nowMs)];
    }),
    ...(caHash === undefined ? {} : { caHash }),
    ...(managedAs === undefined ? {} : { managedAs }),
    ...(clusterName === undefined ? {} : { kubeadmConfigName: clusterName }),
    ...(version === undefined ? {} : { serverVersion: version }),
    ...(endpoint === undefined ? {} : { kubeadmConfigEndpoint: endpoint }),
    ...(info === undefined ? {} : { clusterInfoEndpoint: info.server }),
    ...(infoCaHash === undefined ? {} : { clusterInfoCaHash: infoCaHash }),
  };
};

/**
 * The cluster that an `init` has begun on a host. kubeadm gives the administrator rights in it only near its end, before
 * it makes the tokens by which others join: one that refuses its administrator has no other Node, and is read as empty.
 * @throws QuorateError ApiUnavailable, Unreachable, CommandFailed
 */
export const readBegunCluster = async (host: Host, address: string): Promise<ClusterReading> => {
  try {
    return await readCluster(host, address);
  } catch (error) {
    const isRefused =
      error instanceof QuorateError && error.details.evidence.some((line) => line.startsWith('HTTP 403: '));
    if (!isRefused) throw error;
    return { nodes: [], leases: [] };
  }
};
