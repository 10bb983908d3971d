import type { Lab } from '../../lab/index.js';
import type { Remote } from './remote.js';

// The same join as an operator types it: the commands of the kubeadm documentation, over SSH, on the same hosts.

const etcdctl =
  'etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key';
const kubectl = 'kubectl --kubeconfig /etc/kubernetes/admin.conf';

export interface HandsOptions {
  readonly lab: Lab;
  readonly remote: Remote;
  readonly host: string;
  readonly controlPlane: boolean;
}

const reloadHaproxy = 'haproxy -c -q -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy';

export const joinByHand = async ({ lab, remote, host, controlPlane }: HandsOptions): Promise<void> => {
  const { address } = lab.host(host);
  const endpoint = `${lab.host('lb1').address}:6443`;
  const made = await remote(
    'cp1',
    `set -eu
echo token=$(kubeadm token create --ttl 30m)
${controlPlane ? 'echo key=$(kubeadm init phase upload-certs --upload-certs | tail -1)' : ''}
echo hash=$(openssl x509 -pubkey -noout -in /etc/kubernetes/pki/ca.crt | openssl pkey -pubin -outform der | sha256sum | cut -d" " -f1)`,
  );
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(made)?.[1] ?? '';
  if (controlPlane) {
    const line = `server ${host} ${address}:6443`;
    await remote(
      'lb1',
      `set -eu; grep -q "server ${host} " /etc/haproxy/haproxy.cfg || sed -i "/server cp1 /a\\    ${line}" /etc/haproxy/haproxy.cfg; ${reloadHaproxy}`,
    );
  }
  const configuration = `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration:
  name: ${host}
  criSocket: unix:///run/containerd/containerd.sock
  ignorePreflightErrors: [SystemVerification]
discovery:
  bootstrapToken: {token: ${value('token')}, apiServerEndpoint: "${endpoint}", caCertHashes: ["sha256:${value('hash')}"]}
${controlPlane ? `controlPlane: {localAPIEndpoint: {advertiseAddress: ${address}, bindPort: 6443}, certificateKey: ${value('key')}}` : ''}
`;
  await remote(
    host,
    'set -eu; umask 077; cat > /root/join.yaml; systemctl enable -q kubelet; kubeadm join --config /root/join.yaml >/root/join.log 2>&1 || { tail -20 /root/join.log >&2; exit 1; }',
    configuration,
  );
};

/** Puts the admin's certificate beside admin.conf on cp1: the watch below must be cheap, as both sides pay for it. */
export const prepareWatch = async (remote: Remote): Promise<void> => {
  await remote(
    'cp1',
    `set -eu; umask 077; for f in client-certificate client-key; do awk -v k="$f-data:" '$1 == k { print $2 }' /etc/kubernetes/admin.conf | base64 -d > /root/bench-$f; done`,
  );
};

/**
 * Resolves when the same proofs hold for both sides: Node Ready, and for a control plane a started voter and its
 * backend UP. Watches beside the join; 0.2 s between two looks.
 */
export const untilProven = async ({ lab, remote, host, controlPlane }: HandsOptions): Promise<void> => {
  const node = `curl -s --cacert /etc/kubernetes/pki/ca.crt --cert /root/bench-client-certificate --key /root/bench-client-key https://${lab.host('cp1').address}:6443/api/v1/nodes/${host}`;
  const proofs = [
    remote(
      'cp1',
      `for i in $(seq 3000); do ${node} | tr -d ' \n' | grep -q '"type":"Ready","status":"True"' && exit 0; sleep 0.2; done; exit 1`,
    ),
  ];
  if (controlPlane) {
    proofs.push(
      remote(
        'cp1',
        `for i in $(seq 1200); do ${etcdctl} member list | grep -q ", started, ${host}, .*, false$" && exit 0; sleep 0.5; done; exit 1`,
      ),
      remote(
        'lb1',
        `for i in $(seq 3000); do echo "show stat" | socat stdio /run/haproxy/admin.sock | grep -q ",${host},.*,UP," && exit 0; sleep 0.2; done; exit 1`,
      ),
    );
  }
  await Promise.all(proofs);
};

/** Takes the host out again and leaves it as a fresh one; not timed. */
export const takeOut = async ({ remote, host, controlPlane }: HandsOptions): Promise<void> => {
  if (controlPlane) {
    await remote(
      'cp1',
      `set -eu; id=$(${etcdctl} member list | grep ", ${host}, " | cut -d, -f1); [ -z "$id" ] || ${etcdctl} member remove "$id"`,
    );
    await remote('lb1', `set -eu; sed -i "/server ${host} /d" /etc/haproxy/haproxy.cfg; ${reloadHaproxy}`);
  }
  await remote(
    host,
    'kubeadm reset -f --skip-phases=remove-etcd-member >/dev/null 2>&1; rm -rf /var/lib/etcd/* /etc/cni/net.d/* /var/lib/cni /var/lib/quorate/marker.json /root/join.yaml /root/.kube; ip link del cni0 2>/dev/null; systemctl disable -q kubelet; true',
  );
  await remote(
    'cp1',
    `set -eu
for i in $(seq 60); do ${kubectl} delete node ${host} --ignore-not-found >/dev/null 2>&1 && break; sleep 1; done
for s in $(${kubectl} -n kube-system get secrets -o name | grep -E "bootstrap-token-|kubeadm-certs" || true); do ${kubectl} -n kube-system delete --ignore-not-found "$s" >/dev/null; done`,
  );
};

/** The cluster has settled: every API server ready, no pod of the last join on its way. */
export const untilCalm = async (remote: Remote): Promise<void> => {
  await remote(
    'cp1',
    `for i in $(seq 120); do ${etcdctl} endpoint health --cluster >/dev/null 2>&1 && ${kubectl} get --raw /readyz >/dev/null 2>&1 && break; sleep 1; done; sleep 5`,
  );
};
