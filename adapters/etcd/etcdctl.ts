// Certificates that kubeadm puts beside a stacked member; etcd's serving certificate names 127.0.0.1.
export const etcdPki = '/etc/kubernetes/pki/etcd';

/**
 * Shell lines that define `etcdctl` and `etcdutl` for the local member: the host's own programs, or those in the etcd
 * container, which sees the host's /var/lib/etcd and nothing else of its files; `$inside` is not empty then.
 * `$e` holds its certificates and `$endpoint` the local endpoint.
 */
export const etcdctlPrelude = `
e="--cacert=${etcdPki}/ca.crt --cert=${etcdPki}/healthcheck-client.crt --key=${etcdPki}/healthcheck-client.key"
endpoint=https://127.0.0.1:2379
inside=
if ! command -v etcdctl >/dev/null 2>&1; then
  if command -v crictl >/dev/null 2>&1; then
    inside=$(crictl ps -q --name '^etcd$' --state Running 2>/dev/null | head -n 1)
    in_container() { crictl exec "$inside" "$@"; }
  elif command -v ctr >/dev/null 2>&1; then
    for id in $(ctr -n k8s.io containers ls -q 'labels."io.kubernetes.container.name"==etcd' 2>/dev/null); do
      [ -z "$(ctr -n k8s.io tasks ls 2>/dev/null | awk -v "id=$id" '$1 "" == id && $3 == "RUNNING"')" ] || inside=$id
    done
    in_container() { ctr -n k8s.io tasks exec --exec-id "quorate-$(cat /proc/sys/kernel/random/uuid)" "$inside" "$@"; }
  fi
  [ -n "$inside" ] || { echo 'no etcdctl on the host and no running etcd container' >&2; exit 69; }
  etcdctl() { in_container etcdctl "$@"; }
  etcdutl() { in_container etcdutl "$@"; }
fi
`;
