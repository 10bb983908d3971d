import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { ClusterFacts } from '../../model/cluster-facts.js';
import { caHashOfPem } from '../host/ca-hash.js';
import { parseJson } from '../script/parse-json.js';
import { newMark, parseSections } from '../script/sections.js';
import type { Host } from '../ssh/types.js';
import { kubectl } from './kubectl.js';
import { KubernetesNode, nodeFacts } from './node.js';
import { runKubectl } from './run-kubectl.js';

export type ClusterReading = Pick<
  ClusterFacts,
  | 'caHash'
  | 'serverVersion'
  | 'kubeadmConfigEndpoint'
  | 'clusterInfoEndpoint'
  | 'clusterInfoCaHash'
  | 'nodes'
  | 'leases'
>;

const leaseNames = ['kube-controller-manager', 'kube-scheduler'] as const;

// Each process costs more than its request: few of them, side by side.
const readScript = (address: string, mark: string): string => {
  const k = kubectl(address);
  return `
t=$(mktemp -d) && trap 'rm -rf "$t"' EXIT
${k} get --raw /api/v1/nodes > "$t/nodes" 2> "$t/nodes.err" & p1=$!
( ${k} -n kube-system get lease/kube-controller-manager lease/kube-scheduler configmap/kubeadm-config -o json --ignore-not-found > "$t/system" 2> "$t/system.err" ) & p2=$!
( ${k} -n kube-public get configmap/cluster-info -o json --ignore-not-found > "$t/public" 2> "$t/public.err" ) & p3=$!
( ${k} get --raw /version > "$t/version" 2>/dev/null ) & p4=$!
failed=0
for p in $p1 $p2 $p3; do wait $p || failed=1; done
wait $p4 || true
for part in nodes system public version; do printf '\\n%s %s\\n' ${mark} $part; cat "$t/$part"; done
printf '\\n%s ca\\n' ${mark}
cat /etc/kubernetes/pki/ca.crt
printf '\\n%s now\\n' ${mark}
date -u +%s
cat "$t"/*.err >&2
exit $failed`;
};

const Lease = z.object({
  kind: z.literal('Lease'),
  metadata: z.object({ name: z.enum(leaseNames) }),
  spec: z.object({ holderIdentity: z.string().default(''), renewTime: z.string().optional() }),
});
const ConfigMap = z.object({
  kind: z.literal('ConfigMap'),
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});
const SystemList = z.object({ items: z.array(z.union([Lease, ConfigMap])).default([]) });

const ClusterConfiguration = z.object({ controlPlaneEndpoint: z.string().optional() });
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

/**
 * Nodes, leader leases, kubeadm's ConfigMaps and version of a cluster, read on one control-plane host in one command.
 * @param address the host's own address, which its API server advertises
 * @throws QuorateError ApiUnavailable, Unreachable, CommandFailed
 */
export const readCluster = async (host: Host, address: string): Promise<ClusterReading> => {
  const mark = newMark();
  const stdout = await runKubectl(host, `reading the cluster on ${host.name}`, readScript(address, mark), {
    maxOutputBytes: 64 * 2 ** 20,
    timeoutMs: 30_000,
  });
  const sections = parseSections(stdout, mark);
  const section = (name: string): string => sections.get(name) ?? '';
  const nodes = parseJson(z.object({ items: z.array(KubernetesNode) }), section('nodes'), 'kubectl get nodes', host);
  const items =
    section('system').trim() === ''
      ? []
      : parseJson(SystemList, section('system'), 'kubectl get lease,configmap', host).items;
  const nowMs = Number(section('now').trim()) * 1000;
  const kubeadmConfig = items.find((item) => item.kind === 'ConfigMap' && item.metadata.name === 'kubeadm-config');
  const configuration = parseYamlAs(
    ClusterConfiguration,
    kubeadmConfig?.kind === 'ConfigMap' ? kubeadmConfig.data['ClusterConfiguration'] : undefined,
  );
  const info =
    section('public').trim() === ''
      ? undefined
      : parseJson(ConfigMap, section('public'), 'kubectl get configmap', host);
  const infoCluster = parseYamlAs(Kubeconfig, info?.data['kubeconfig'])?.clusters[0]?.cluster;
  const version = z.object({ gitVersion: z.string() }).safeParse(jsonOrUndefined(section('version')));
  const caHash = caHashOfPem(section('ca'));
  const infoCa = infoCluster?.['certificate-authority-data'];
  const clusterInfoCaHash =
    infoCa === undefined ? undefined : caHashOfPem(Buffer.from(infoCa, 'base64').toString('utf8'));
  return {
    nodes: nodes.items.map(nodeFacts),
    leases: items.flatMap((item) =>
      item.kind === 'Lease'
        ? [
            {
              name: item.metadata.name,
              holder: item.spec.holderIdentity,
              ageSeconds:
                item.spec.renewTime === undefined
                  ? Number.MAX_SAFE_INTEGER
                  : Math.max(0, Math.round((nowMs - Date.parse(item.spec.renewTime)) / 1000)),
            },
          ]
        : [],
    ),
    ...(caHash === undefined ? {} : { caHash }),
    ...(version.success ? { serverVersion: version.data.gitVersion } : {}),
    ...(configuration?.controlPlaneEndpoint === undefined
      ? {}
      : { kubeadmConfigEndpoint: configuration.controlPlaneEndpoint }),
    ...(infoCluster === undefined ? {} : { clusterInfoEndpoint: infoCluster.server }),
    ...(clusterInfoCaHash === undefined ? {} : { clusterInfoCaHash }),
  };
};

const jsonOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
