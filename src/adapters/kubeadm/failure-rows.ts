import type { FailureType } from '../../model/failure.js';
import { isCheck } from './preflight-output.js';
import type { PreflightLine } from './preflight-output.js';

/** kubeadm's output, taken apart for the table. */
export interface FailedOutput {
  readonly host: string;
  /** The endpoint that the configuration named, host:port. */
  readonly endpoint: string;
  /** Without warnings and without failed image pulls, whose texts (x509, refused) are about the registry. */
  readonly text: string;
  /** `text`, also where that is cut to the error at its end. */
  readonly log: string;
  readonly errors: readonly PreflightLine[];
  /** Phase that failed, as kubeadm names it. */
  readonly phase: string | undefined;
  /** Last line that kubeadm printed about its own doing. */
  readonly lastStep: string;
}

export interface FailureRow {
  /** Number of the failure in the matrix of the design, where one row is one failure. */
  readonly number?: `F${number}`;
  readonly when: (output: FailedOutput) => boolean;
  readonly type: FailureType;
  readonly message: (output: FailedOutput) => string;
  readonly remedy: (output: FailedOutput) => string;
}

type Words = string | ((output: FailedOutput) => string);
const words = (of: Words) => (typeof of === 'string' ? () => of : of);

const says = (...texts: readonly (string | RegExp)[]) => {
  return ({ text }: FailedOutput): boolean =>
    texts.some((one) => (typeof one === 'string' ? text.includes(one) : one.test(text)));
};

const failedCheck = (...checks: readonly string[]) => {
  return ({ errors }: FailedOutput): boolean => errors.some((error) => checks.some((check) => isCheck(error, check)));
};

const row = (
  number: `F${number}` | undefined,
  when: FailureRow['when'],
  type: FailureType,
  message: Words,
  remedy: Words,
): FailureRow => ({
  ...(number === undefined ? {} : { number }),
  when,
  type,
  message: words(message),
  remedy: words(remedy),
});

const messagesOf = ({ errors }: FailedOutput, ...checks: readonly string[]): string =>
  errors
    .filter((error) => checks.some((check) => isCheck(error, check)))
    .map(({ message }) => message)
    .join('; ');

const certificateFailed = 'could not get the shared certificates';
const mintAgain = 'retry: Quorate makes new credentials';

/** The server in `Get "https://SERVER/...": dial tcp` of a failed read of kubeadm-config. */
const deadServer = ({ text }: FailedOutput): string | undefined =>
  /Get "https:\/\/([^/"]+)\/api\/v1\/namespaces\/kube-system\/configmaps\/kubeadm-config/.exec(text)?.[1];

const credentials: FailureRow[] = [
  row(
    'F1',
    says('could not find a JWS signature in the cluster-info ConfigMap'),
    'CredentialRejected',
    'the cluster did not sign the bootstrap token: it is gone, or no kube-controller-manager leads',
    'see `kubectl -n kube-system get lease kube-controller-manager`; with a leader, retry: Quorate makes a new token',
  ),
  row(
    'F1',
    says('is invalid for this cluster or it has expired'),
    'CredentialRejected',
    'the bootstrap token expired or was deleted',
    mintAgain,
  ),
  row(
    'F22',
    says('failed to request the cluster-info ConfigMap'),
    'EndpointUnreachable',
    ({ host, endpoint }) => `${host} got no answer from the endpoint ${endpoint}`,
    ({ host, endpoint }) =>
      `on ${host}: \`curl -k https://${endpoint}/version\`; mend the way to it (firewall, route, DNS, load balancer), then retry`,
  ),
  row(
    undefined,
    says('failed to verify JWS signature of received cluster info object'),
    'ClusterMismatch',
    'cluster-info is not signed with the token that was just made: something else answers at the endpoint',
    'find out who answers at the endpoint before anything else',
  ),
  row(
    'F5',
    says(/none of the public keys[\s\S]*are pinned/, /cluster CA found in[\s\S]*is invalid/),
    'ClusterMismatch',
    "the CA in ConfigMap kube-public/cluster-info is not the cluster's CA",
    'run `kubeadm init phase bootstrap-token` on a control-plane host to write cluster-info anew, then retry',
  ),
  row(
    undefined,
    says('was different from the first'),
    'ApiUnavailable',
    'cluster-info changed while it was read',
    'retry',
  ),
  row(
    'F3',
    says('Secret "kubeadm-certs" was not found'),
    'CredentialRejected',
    `${certificateFailed}: the Secret kubeadm-certs expired or was deleted`,
    mintAgain,
  ),
  row(
    'F4',
    says('message authentication failed'),
    'CredentialRejected',
    `${certificateFailed}: another run of upload-certs overwrote them with another key`,
    'see that nobody else uploads certificates to this cluster, then retry',
  ),
  row(
    undefined,
    says('error decoding certificate key'),
    'KubeadmFailed',
    `${certificateFailed}: the certificate key is no hexadecimal text`,
    'report this as a defect of Quorate',
  ),
  row(
    undefined,
    says('does not include the required certificate or key'),
    'CredentialRejected',
    `${certificateFailed}: the upload was incomplete`,
    mintAgain,
  ),
];

const identity: FailureRow[] = [
  row(
    'F6',
    says(
      'has got the wrong CA cert',
      'does not contain a trusted CA',
      'has an unexpected API Server URL',
      'is not signed by corresponding CA',
    ),
    'DirtyHost',
    ({ host }) => `${host} holds certificates or kubeconfigs of another cluster`,
    ({ host }) => `approve a reset of ${host}`,
  ),
  row(
    'F7',
    ({ text, log }) =>
      text.includes('unable to fetch the kubeadm-config ConfigMap') && log.includes('found /etc/kubernetes/admin.conf'),
    'DirtyHost',
    ({ host }) => `kubeadm used a stale admin.conf on ${host} in place of the token`,
    ({ host }) => `approve a reset of ${host}`,
  ),
  row(
    'F8',
    (output) =>
      output.text.includes('unable to fetch the kubeadm-config ConfigMap') &&
      ![undefined, output.endpoint].includes(deadServer(output)),
    'ClusterMismatch',
    (output) =>
      `cluster-info names ${deadServer(output) ?? 'another server'}, not ${output.endpoint}, and it does not answer`,
    'run `kubeadm init phase bootstrap-token --config ...` with the configuration of the cluster on a control-plane host, then retry',
  ),
  row(
    'F9',
    says('unable to fetch the kubeadm-config ConfigMap'),
    'ApiUnavailable',
    "the cluster's configuration could not be read through the endpoint",
    'retry; look at the load balancer when it happens again',
  ),
  row(
    'F10',
    says('certificate has expired or is not yet valid'),
    'ClockSkew',
    ({ host }) => `a certificate is out of its time for ${host}: its clock is off, or the certificate expired`,
    ({ host }) =>
      `compare \`date\` on ${host} and the control-plane hosts (chrony, systemd-timesyncd), then \`kubeadm certs check-expiration\``,
  ),
  row(
    'F5',
    (output) =>
      output.text.includes('certificate signed by unknown authority') &&
      (output.phase ?? 'preflight').startsWith('preflight'),
    'ClusterMismatch',
    'the API server at the endpoint has a certificate of another CA',
    'compare the CA in cluster-info with /etc/kubernetes/pki/ca.crt on the control-plane hosts',
  ),
  row(
    'F6',
    says('certificate signed by unknown authority'),
    'DirtyHost',
    ({ host }) => `${host} trusts another CA than the cluster's`,
    ({ host }) => `approve a reset of ${host}`,
  ),
];

const preflight: FailureRow[] = [
  row(
    'F11',
    failedCheck('Port-10250'),
    'PortInUse',
    ({ host }) => `port 10250 on ${host} is in use`,
    ({ host }) => `\`ss -ltnp 'sport = :10250'\` on ${host} names the process; stop it, then retry`,
  ),
  row(
    'F12',
    failedCheck('FileAvailable--*', 'DirAvailable--*'),
    'DirtyHost',
    (output) =>
      `${output.host} holds leftovers of a node: ${messagesOf(output, 'FileAvailable--*', 'DirAvailable--*')}`,
    ({ host }) => `approve a reset of ${host}`,
  ),
  row(
    'F16',
    failedCheck('SystemVerification'),
    'HostUnsuitable',
    (output) => `${output.host} does not meet what Kubernetes needs: ${messagesOf(output, 'SystemVerification')}`,
    'boot it with cgroup v2, or ignore the check in kubeadm.ignorePreflightErrors',
  ),
  row(
    undefined,
    says("doesn't have a stable controlPlaneEndpoint address"),
    'ClusterMismatch',
    'the cluster was made without controlPlaneEndpoint and cannot take a second control plane',
    'set controlPlaneEndpoint in ConfigMap kube-system/kubeadm-config and renew the certificates of the API servers',
  ),
  row(
    undefined,
    says('One or more conditions for hosting a new control plane instance is not satisfied'),
    'ClusterMismatch',
    'kubeadm does not take the host as a control plane',
    'see the conditions in the evidence',
  ),
  row(
    'F17',
    says(/already exists in the cluster\. You must delete the existing Node/),
    'IdentityConflict',
    'a Ready Node of this name is in the cluster already',
    'give the host another name, or remove that node first',
  ),
];

const etcd: FailureRow[] = [
  row(
    'F26',
    says('etcd cluster is not healthy'),
    'EtcdUnhealthy',
    'a member of etcd does not answer',
    'bring the member back or remove it, then retry',
  ),
  row(
    'F26',
    says('unhealthy cluster'),
    'EtcdUnhealthy',
    'etcd takes no change of its members now: one is not connected, or one joined just before',
    'retry; when it happens again, bring the disconnected member back or remove it',
  ),
  row(
    'F27',
    says('Peer URLs already exists', 'member ID already exist'),
    'StaleMember',
    ({ host }) => `etcd has a member with the address of ${host} already`,
    'remove the stale member, then retry',
  ),
  row(
    'F28',
    says('too many learner members'),
    'EtcdUnhealthy',
    'a learner is pending in etcd, and it takes only one',
    'remove the orphaned learner, then retry',
  ),
  row(
    'F29',
    says('can only promote a learner member which is in sync'),
    'MemberNotVoter',
    ({ host }) => `the etcd member of ${host} did not catch up with the leader`,
    ({ host }) =>
      `see that ${host} and the leader reach each other on port 2380 and that its disk is fast enough, then retry`,
  ),
  row(
    'F30',
    says(/can only promote a learner member(?! which)/),
    'KubeadmFailed',
    ({ host }) => `the etcd member of ${host} votes already, although kubeadm saw an error`,
    'nothing to mend in etcd: finish the join from the next phase',
  ),
  row(
    undefined,
    says('error creating local etcd static pod manifest file'),
    'KubeadmFailed',
    ({ host }) => `etcd on ${host} did not join`,
    ({ host }) => `see \`crictl logs\` of the etcd container on ${host}`,
  ),
  row(
    undefined,
    says('timeout waiting for etcd cluster to be available'),
    'EtcdUnhealthy',
    'etcd was not available after the new member began to vote',
    'read the members from another control-plane host before anything else',
  ),
  row(
    'F27',
    says(/tocommit\([\s\S]*is out of range/),
    'StaleMember',
    ({ host }) => `etcd on ${host} started empty as a member that had data`,
    'remove the stale member, then retry',
  ),
  row(
    undefined,
    says('permanently removed from the cluster'),
    'EtcdUnhealthy',
    ({ host }) => `the etcd member of ${host} was removed while it ran`,
    'see who removed it; then retry',
  ),
];

const afterwards: FailureRow[] = [
  row(
    'F25',
    says(/10248\/healthz'? returned/),
    'KubeletNotRunning',
    ({ host }) => `the kubelet on ${host} does not start`,
    ({ host }) => `see \`journalctl -u kubelet\` on ${host}`,
  ),
  row(
    'F23',
    ({ lastStep }) => lastStep.includes('Waiting for the kubelet to perform the TLS Bootstrap'),
    'TlsBootstrapStuck',
    ({ host }) => `the kubelet on ${host} got no certificate`,
    'see `kubectl get csr`: none is the kubelet or the load balancer, Pending the approver, Approved the signer',
  ),
  row(
    'F24',
    says('error applying control-plane label and taints', 'error patching Node'),
    'ApiUnavailable',
    ({ host }) => `the Node of ${host} could not be labelled: its API server was too slow`,
    'retry: Quorate sets labels and taints without joining again',
  ),
  row(
    undefined,
    says('failed while waiting for the control plane to start'),
    'ControlPlaneNotReady',
    ({ host }) => `a component of the control plane on ${host} does not start`,
    ({ host }) => `see \`crictl ps -a\` and \`crictl logs\` on ${host}`,
  ),
  row(
    'F15',
    says(/device or resource busy/i),
    'HostNotClean',
    ({ host }) => `a mount below /var/lib/kubelet on ${host} is busy`,
    'retry: Quorate unmounts lazily then',
  ),
  row(
    undefined,
    says('please manually remove this etcd member', 'No kubeadm config, using etcd pod spec'),
    'StaleMember',
    ({ host }) => `the reset of ${host} may have left its member in etcd`,
    'read the members from another control-plane host and remove it there',
  ),
];

const otherChecks: FailureRow[] = [
  row(
    undefined,
    failedCheck('Port-*'),
    'PortInUse',
    (output) => `on ${output.host}: ${messagesOf(output, 'Port-*')}`,
    ({ host }) => `\`ss -ltnp\` on ${host} names the process; stop it, then retry`,
  ),
  row(
    undefined,
    failedCheck('KubeletVersion', 'KubernetesVersion'),
    'VersionSkew',
    (output) => messagesOf(output, 'KubeletVersion', 'KubernetesVersion'),
    'install kubeadm and kubelet of the version of the cluster',
  ),
  row(
    undefined,
    failedCheck('ImagePull'),
    'HostUnsuitable',
    ({ host }) => `${host} could not pull the images`,
    ({ host }) =>
      `\`kubeadm config images pull\` on ${host} shows why; or import the images and set imagePullPolicy: IfNotPresent`,
  ),
  row(
    undefined,
    ({ errors }) => errors.length > 0,
    'HostUnsuitable',
    (output) => `${output.host} does not pass kubeadm's checks: ${messagesOf(output, '*')}`,
    'mend what the checks name, or ignore them in kubeadm.ignorePreflightErrors',
  ),
];

/**
 * Tried in this order; the first that matches counts. The order is that of the failure matrix: a message that wraps others
 * stands after them. kubeadm's other preflight checks come last, so that a known cause is named first.
 */
export const failureRows: readonly FailureRow[] = [
  ...credentials,
  ...identity,
  ...preflight,
  ...etcd,
  ...afterwards,
  ...otherChecks,
];
