#!/bin/sh
# The Pod network of the lab, one per Node: gives containerd the configuration for this Node's podCIDR and keeps a
# route to every other Node's podCIDR. In its environment: NODE_NAME. Mounted: /host/cni (etc/cni/net.d of the host),
# /host/kubernetes (etc/kubernetes of the host, for the address of the API server as the kubelet knows it: the network
# must not wait for kube-proxy).
set -u
credentials=/var/run/secrets/kubernetes.io/serviceaccount
configuration=/host/cni/10-lab.conflist
export KUBECONFIG=/tmp/kubeconfig

write_kubeconfig() {
  server=$(sed -n 's/^ *server: *//p' /host/kubernetes/kubelet.conf | head -n 1)
  cat > "$KUBECONFIG" << EOF
apiVersion: v1
kind: Config
clusters: [{ name: lab, cluster: { server: "$server", certificate-authority: $credentials/ca.crt } }]
users: [{ name: lab, user: { tokenFile: $credentials/token } }]
contexts: [{ name: lab, context: { cluster: lab, user: lab } }]
current-context: lab
EOF
}

watch_nodes() {
  kubectl get nodes --watch --output-watch-events --output \
    'jsonpath={.type} {.object.metadata.name} {.object.spec.podCIDR} {.object.status.addresses[?(@.type=="InternalIP")].address}{"\n"}'
}

write_configuration() {
  wanted=$(printf '%s' '{"cniVersion":"0.4.0","name":"lab","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"hairpinMode":true,"ipMasq":true,
  "ipam":{"type":"host-local","ranges":[[{"subnet":"'"$1"'"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}')
  [ "$(cat "$configuration" 2>/dev/null)" = "$wanted" ] && return
  printf '%s\n' "$wanted" > "$configuration.partial" && mv "$configuration.partial" "$configuration"
  echo "this Node's Pods: $1"
}

# Reads lines "EVENT NAME CIDR ADDRESS".
follow() {
  while read -r event name cidr address; do
    # A Node whose podCIDR is not given yet has only three words.
    [ -n "${address:-}" ] || continue
    if [ "$name" = "$NODE_NAME" ]; then
      [ "$event" = DELETED ] || write_configuration "$cidr"
    elif [ "$event" = DELETED ]; then
      ip route del "$cidr" via "$address" 2>/dev/null && echo "no more Pods at $name: $cidr"
    elif [ "$(ip route show "$cidr" | tr -s ' ' | cut -d' ' -f1-3)" != "$cidr via $address" ]; then
      ip route replace "$cidr" via "$address" && echo "Pods at $name: $cidr via $address"
    fi
  done
}

trap 'exit 0' TERM INT
while :; do
  write_kubeconfig
  watch_nodes | follow &
  wait $!
  sleep 1 &
  wait $!
done
