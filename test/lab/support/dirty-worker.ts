import type { LabHost } from '../../../lab/index.js';

/**
 * Leaves on a host what a worker of another cluster leaves whose control plane is gone: kubelet.conf,
 * bootstrap-kubelet.conf and pki/ca.crt of that cluster, a kubelet that listens on 10250 and is disabled for boot,
 * CNI files, packet-filter rules, ~/.kube/config.
 */
export const makeDirtyWorker = async (host: LabHost, deadServer: string): Promise<void> => {
  await host.check(
    `set -eu
mkdir -p /etc/kubernetes/pki /etc/kubernetes/manifests /var/lib/kubelet /root/.kube /etc/cni/net.d /tmp/old
cd /tmp/old
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=old-cluster -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /O=system:nodes/CN=system:node:old-w -keyout client.key -out client.csr 2>/dev/null
openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -out client.crt 2>/dev/null
cp ca.crt /etc/kubernetes/pki/ca.crt
b() { base64 -w0 "$1"; }
conf() {
  printf 'apiVersion: v1\\nkind: Config\\nclusters:\\n- name: old\\n  cluster:\\n    certificate-authority-data: %s\\n    server: ${deadServer}\\ncontexts:\\n- name: old\\n  context: {cluster: old, user: old}\\ncurrent-context: old\\nusers:\\n- name: old\\n  user:\\n' "$(b ca.crt)"
  printf '%s\\n' "$1"
}
conf "    client-certificate-data: $(b client.crt)
    client-key-data: $(b client.key)" > /etc/kubernetes/kubelet.conf
conf "    token: aaaaaa.bbbbbbbbbbbbbbbb" > /etc/kubernetes/bootstrap-kubelet.conf
cp /etc/kubernetes/kubelet.conf /root/.kube/config
cat > /var/lib/kubelet/config.yaml <<X
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: systemd
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}
X
rm -rf /tmp/old
printf '{"cniVersion":"0.4.0","name":"old","plugins":[{"type":"bridge","bridge":"cni0"}]}' > /etc/cni/net.d/05-old.conflist
iptables -N KUBE-SERVICES 2>/dev/null || true
iptables -A KUBE-SERVICES -d 10.96.0.99/32 -p tcp -m tcp --dport 443 -j REJECT
iptables -N KUBE-FORWARD 2>/dev/null || true
iptables -A FORWARD -j KUBE-FORWARD
systemctl disable kubelet 2>/dev/null || true
systemctl start kubelet
for i in $(seq 100); do ss -ltn | grep -q ':10250 ' && exit 0; sleep 0.2; done
echo 'the old kubelet does not listen on 10250' >&2; journalctl -u kubelet -n 20 --no-pager >&2; exit 1`,
  );
};
