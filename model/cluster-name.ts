import type { ClusterFacts } from './facts/cluster-facts.js';
import { QuorateError } from './failures/failure.js';

/** ConfigMap of a cluster that says under which name Quorate manages it. Whoever may write it owns the cluster. */
export const nameConfigMap = { namespace: 'kube-system', name: 'quorate', key: 'cluster' } as const;
const shown = `ConfigMap ${nameConfigMap.namespace}/${nameConfigMap.name}`;

/** What kubeadm calls a cluster that nobody has named. */
const unnamed = 'kubernetes';

/**
 * A cluster is what it says itself, not what a file calls it: under another name its members would be shown to those who may
 * not see them, and changed beside an operation that holds the lock of its own name.
 * @param own what it says, and where
 * @returns the error, as a definitive failure
 */
const mismatch = (
  asked: string,
  { name, where, askedAt }: { name: string; where: string; askedAt: string },
): QuorateError =>
  new QuorateError('ClusterMismatch', `the cluster on ${askedAt} is ${name}, not ${asked}: ${where} says so`, {
    host: askedAt,
    remedy: `use the specification of ${name}, or correct the hosts of ${asked}. To manage this cluster as ${asked} from now on, run \`kubectl -n ${nameConfigMap.namespace} create configmap ${nameConfigMap.name} --from-literal=${nameConfigMap.key}=${asked} --dry-run=client -o yaml | kubectl apply -f -\` on ${askedAt}, while no operation of ${name} is under way`,
    evidence: [`${where}: ${name}`],
  });

/** The error where a cluster has claimed another name; undefined where it is that one, or nobody has claimed it yet. */
export const claimedByAnother = (asked: string, managedAs: string, askedAt: string): QuorateError | undefined =>
  managedAs === asked ? undefined : mismatch(asked, { name: managedAs, where: shown, askedAt });

/**
 * Why the cluster that was read is not the one of that name; undefined where it may be. A cluster that was made by hand says
 * nothing before its first operation.
 */
export const nameMismatch = (
  asked: string,
  { askedAt, managedAs, kubeadmConfigName }: Pick<ClusterFacts, 'askedAt' | 'managedAs' | 'kubeadmConfigName'>,
): QuorateError | undefined => {
  if (askedAt === undefined) return undefined;
  if (managedAs !== undefined) return claimedByAnother(asked, managedAs, askedAt);
  if (kubeadmConfigName === undefined || [unnamed, asked].includes(kubeadmConfigName)) return undefined;
  return mismatch(asked, {
    name: kubeadmConfigName,
    where: 'clusterName in ConfigMap kube-system/kubeadm-config',
    askedAt,
  });
};
