import { failedCheck, messagesOf, row, says } from './row.js';
import type { FailureRow } from './row.js';

/** What kubeadm's checks find that the failure matrix names. */
export const hostFailures: FailureRow[] = [
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

/** After etcd: kubelet, Node, static Pods, and a reset. */
export const lateFailures: FailureRow[] = [
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

/** kubeadm's other checks. */
export const otherCheckFailures: FailureRow[] = [
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
