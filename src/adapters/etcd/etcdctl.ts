// Certificates that kubeadm puts beside a stacked member; etcd's serving certificate names 127.0.0.1.
const pki = '/etc/kubernetes/pki/etcd';

/**
 * Shell lines that define `etcdctl` for the local member: the host's own program, or the one in the etcd container.
 * `$e` holds its certificates and `$endpoint` the local endpoint.
 */
export const etcdctlPrelude = `
e="--cacert=${pki}/ca.crt --cert=${pki}/healthcheck-client.crt --key=${pki}/healthcheck-client.key"
endpoint=https://127.0.0.1:2379
if ! command -v etcdctl >/dev/null 2>&1; then
  container=$(crictl ps -q --name '^etcd$' --state Running 2>/dev/null | head -n 1) || container=
  [ -n "$container" ] || { echo 'no etcdctl on the host and no running etcd container' >&2; exit 69; }
  etcdctl() { crictl exec "$container" etcdctl "$@"; }
fi
`;
