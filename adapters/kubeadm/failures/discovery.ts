import { row, says } from './row.js';
import type { FailedOutput, FailureRow } from './row.js';

const certificateFailed = 'could not get the shared certificates';
const mintAgain = 'retry: Quorate makes new credentials';

/** The server in `Get "https://SERVER/...": dial tcp` of a failed read of kubeadm-config. */
const deadServer = ({ text }: FailedOutput): string | undefined =>
  /Get "https:\/\/([^/"]+)\/api\/v1\/namespaces\/kube-system\/configmaps\/kubeadm-config/.exec(text)?.[1];

/** The token and the shared certificates. */
export const credentialFailures: FailureRow[] = [
  row(
    undefined,
    says(/\/run\/quorate\/[^\s:]*: no such file or directory/),
    'CredentialRejected',
    ({ host }) => `the configuration for kubeadm is gone from ${host}: it restarted after that was written`,
    'retry: Quorate writes it again, with new credentials where there are any',
  ),
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

/** Whose cluster it is, and whether it can be believed. */
export const identityFailures: FailureRow[] = [
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
    'F21',
    says('could not bootstrap the admin user in file'),
    'EndpointUnreachable',
    ({ host, endpoint }) =>
      `the API server of ${host} runs, but kubeadm did not reach it through ${endpoint}: the address does not answer`,
    ({ host, endpoint }) =>
      `see who should carry ${endpoint}; kube-vip on ${host} needs super-admin.conf until the cluster is made. Roll back, which leaves kube-vip's manifest where it was; mend that, then init again`,
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
