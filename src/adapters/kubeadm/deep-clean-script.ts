import type { Keep } from '../../model/keep.js';
import { quote } from '../ssh/quote.js';

/** Chains that kube-proxy, the kubelet and CNI plugins make; a regular expression of awk. */
const ourChain = '^(KUBE-|CNI-|FLANNEL-|CILIUM_|WEAVE-|cali-)';

/** From `nft -a list ruleset` the commands that take out tables, rules and chains of kube-proxy and CNI plugins. */
const nftProgram = `
/^table / { family = $2; table = $3; whole = (table ~ /^(kube-proxy|cni_hostport|cni_plugins_masquerade|flannel-ipv[46])$/); if (whole) print "delete table " family " " table; next }
whole { next }
/^\\tchain / { chain = $2; own = (chain ~ /${ourChain}/ && chain ~ /^[A-Za-z0-9_-]+$/); if (own) chains[++n] = family " " table " " chain; next }
/^\\t\\t/ && !own && match($0, /(jump|goto) [A-Za-z0-9_-]+/) {
  target = substr($0, RSTART + 5, RLENGTH - 5)
  if (target ~ /${ourChain}/ && match($0, /# handle [0-9]+$/)) print "delete rule " family " " table " " chain " handle " substr($0, RSTART + 9)
}
END {
  for (i = 1; i <= n; i++) print "flush chain " chains[i]
  for (i = 1; i <= n; i++) print "delete chain " chains[i]
}`;

/** From iptables-save what iptables-restore --noflush takes out; nothing for a table without any of it. */
const iptablesProgram = `
/^\\*/ { table = $0; rules = ""; count = 0; split("", chains); next }
/^:/ { chain = substr($1, 2); if (chain ~ /${ourChain}/) chains[++count] = chain; next }
/^-A / {
  if ($2 ~ /${ourChain}/) next
  for (i = 3; i < NF; i++) if (($i == "-j" || $i == "-g") && $(i + 1) ~ /${ourChain}/) { rule = $0; sub(/^-A/, "-D", rule); rules = rules rule "\\n"; break }
  next
}
/^COMMIT/ && (count > 0 || rules != "") {
  printf "%s\\n%s", table, rules
  for (i = 1; i <= count; i++) print "-F " chains[i]
  for (i = 1; i <= count; i++) print "-X " chains[i]
  print "COMMIT"
}`;

export interface DeepClean {
  /** URLs of API servers of the node that was on the host: kubeconfigs of logins that name only these go. */
  readonly servers: readonly string[];
  /** `sha256:<hex>` of its CAs: kubeconfigs of logins that trust only these go too. */
  readonly caHashes: readonly string[];
  /** Detaches mounts that are busy; default false. */
  readonly lazyUnmount?: boolean;
  /** What was there before the operation that is undone, and stays; default nothing. */
  readonly keep?: Keep;
}

/**
 * The script that removes what `kubeadm reset` leaves: POSIX sh, idempotent. Prints `removed <what>` and `failed <what>`.
 * Paths are relative to `/`, so that a test can run it in a folder that looks like a host.
 */
export const deepCleanScript = ({ servers, caHashes, lazyUnmount = false }: DeepClean): string => `
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd / || exit 1
has() { command -v "$1" >/dev/null 2>&1; }
removed() { printf 'removed %s\\n' "$*"; }
failed() { printf 'failed %s\\n' "$*"; }
contents() { # FOLDER: everything in it but the folder itself, never across a mount
  [ -d "$1" ] || return 0
  count=$(find "$1" -mindepth 1 -maxdepth 1 ! -name lost+found | wc -l)
  [ "$count" -gt 0 ] || return 0
  if find "$1" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf --one-file-system -- {} + 2>/dev/null; then removed "/$1/*"
  else failed "/$1: not everything could be deleted"; fi
}
one() { # PATH
  [ -e "$1" ] || [ -L "$1" ] || return 0
  if rm -rf --one-file-system -- "$1"; then removed "/$1"; else failed "/$1"; fi
}

kubelets() {
  if systemctl is-active --quiet kubelet.service 2>/dev/null; then
    if systemctl stop kubelet.service 2>/dev/null; then removed 'running kubelet.service'; else failed 'kubelet.service does not stop'; fi
  fi
  has ss || return 0
  for pid in $(ss -ltnpH 'sport = :10250' 2>/dev/null | sed -n 's/.*"kubelet",pid=\\([0-9]*\\).*/\\1/p' | sort -u); do
    unit=$(sed -n 's#^\\(0:\\|[0-9]*:name=systemd\\):.*/\\([^/]*\\.service\\)$#\\2#p' "proc/$pid/cgroup" 2>/dev/null | head -n 1)
    [ -n "$unit" ] || { failed "a kubelet without a unit, pid $pid, listens on 10250"; continue; }
    if systemctl stop "$unit" 2>/dev/null; then removed "running $unit, a kubelet"; else failed "$unit does not stop"; fi
  done
}

pod_processes() { grep -ls /kubepods proc/[0-9]*/cgroup 2>/dev/null | sed 's#^proc/\\([0-9]*\\)/.*#\\1#'; }
# kubeadm has removed the Pods where it worked; every call is bounded, as a runtime that is half gone may never answer
containers() {
  if has crictl && pods=$(crictl --timeout 5s pods -q 2>/dev/null | wc -l) && [ "$pods" -gt 0 ]; then
    timeout 60 crictl --timeout 30s rmp -fa >/dev/null 2>&1 && removed "$pods Pods"
  fi
  # Nothing but Pods is in these cgroups. The runtime notices that they are gone; asked to kill them itself it may hang.
  killed=$(pod_processes | wc -l)
  if [ "$killed" -gt 0 ]; then
    kill -KILL $(pod_processes) 2>/dev/null
    n=0
    while [ $n -lt 50 ] && [ -n "$(pod_processes)" ]; do sleep 0.1; n=$((n + 1)); done
    if [ $n -lt 50 ]; then removed "$killed processes of Pods"; else failed 'processes of Pods do not end'; fi
  fi
  has ctr || return 0
  gone=0
  for id in $(timeout 5 ctr -n k8s.io containers ls -q 'labels."io.kubernetes.pod.uid"' 2>/dev/null); do
    timeout 5 ctr -n k8s.io tasks rm "$id" >/dev/null 2>&1
    if timeout 5 ctr -n k8s.io containers rm "$id" >/dev/null 2>&1; then gone=$((gone + 1)); else failed "container $id"; fi
  done
  [ $gone -eq 0 ] || removed "$gone containers"
}

mounts() {
  awk '(index($2, "/var/lib/kubelet/") == 1 || index($2, "/run/netns/cni-") == 1) { print $2 }' proc/mounts 2>/dev/null | sort -r |
    sed 's/\\\\/\\\\0/g' | while IFS= read -r mount; do
      mount=$(printf '%b' "$mount")
      if umount "$mount" 2>/dev/null${lazyUnmount ? ' || umount -l "$mount" 2>/dev/null' : ''}; then removed "mount $mount"; else failed "mount $mount is busy"; fi
    done
  for file in run/netns/cni-*; do one "$file"; done
}

files() {
  for file in admin super-admin kubelet bootstrap-kubelet controller-manager scheduler; do one etc/kubernetes/$file.conf; done
  contents etc/kubernetes/manifests
  one etc/kubernetes/pki
  one etc/kubernetes/tmp
  for folder in var/lib/kubelet var/lib/etcd etc/cni/net.d var/lib/cni; do contents $folder; done
  one run/flannel
}

links() {
  has ip || return 0
  ipvs=
  # veth of Pods first, which hang on the bridge
  for link in $(ls sys/class/net 2>/dev/null | sort -r) ; do
    case $link in
      veth*) [ "$(readlink "sys/class/net/$link/master" 2>/dev/null | sed 's#.*/##')" = cni0 ] || continue ;;
      cni[0-9]*|flannel.[0-9]*|flannel-v6.[0-9]*|flannel-wg|flannel-wg-v6|kube-ipvs0|kube-bridge|kube-dummy-if|nodelocaldns) ;;
      cali???????????|vxlan.calico|vxlan-v6.calico|wireguard.cali|wg-v6.cali|cilium_*|weave|vethwe-*|vxlan-6784|antrea-*|ovn-k8s-*) ;;
      lxc*) [ -e sys/class/net/cilium_host ] || continue ;;
      *) continue ;;
    esac
    [ "$link" != kube-ipvs0 ] || ipvs=yes
    # the other end of a pair goes with the first
    if ip link delete "$link" 2>/dev/null; then removed "link $link"; elif [ -e "sys/class/net/$link" ]; then failed "link $link"; fi
  done
  if [ -n "$ipvs" ] && has ipvsadm && ipvsadm -C 2>/dev/null; then removed 'IPVS services'; fi
}

packet_filter() {
  families='iptables ip6tables'
  if has nft; then
    families='iptables-legacy ip6tables-legacy'
    commands=$(nft -a list ruleset 2>/dev/null | awk '${nftProgram.replaceAll("'", "'\\''")}')
    if [ -n "$commands" ]; then
      if said=$(printf '%s\\n' "$commands" | nft -f - 2>&1); then removed "nftables: $(printf '%s\\n' "$commands" | wc -l) tables, chains and rules"
      else failed "nftables: $(printf '%s\\n' "$said" | head -n 1)"; fi
    fi
  fi
  for family in $families; do
    has "$family-save" || continue
    commands=$("$family-save" 2>/dev/null | awk '${iptablesProgram.replaceAll("'", "'\\''")}')
    [ -n "$commands" ] || continue
    if said=$(printf '%s\\n' "$commands" | "$family-restore" --noflush 2>&1); then removed "$family: $(printf '%s\\n' "$commands" | grep -c '^-[DX]') chains and rules"
    else failed "$family: $(printf '%s\\n' "$said" | head -n 1)"; fi
  done
}

servers=${quote(servers.join('\n'))}
hashes=${quote(caHashes.map((hash) => hash.replace(/^sha256:/, '')).join('\n'))}
all_in() { # LIST: whether there is something on standard input and all of it is in the list
  any=
  while IFS= read -r value; do
    any=yes
    printf '%s\\n' "$1" | grep -Fxq -e "$value" || return 1
  done
  [ -n "$any" ]
}
ca_hashes() {
  sed -n 's/^[ -]*certificate-authority-data: *//p' "$1" | while IFS= read -r data; do
    printf '%s' "$data" | base64 -d 2>/dev/null | openssl x509 -pubkey -noout 2>/dev/null |
      openssl pkey -pubin -outform der 2>/dev/null | sha256sum | cut -d' ' -f1
  done
}
of_the_node() {
  sed -n 's/^[ -]*server: *//p' "$1" | tr -d "\\"' " | all_in "$servers" && return 0
  [ "$(grep -c '^[ -]*server:' "$1")" -eq "$(grep -c '^[ -]*certificate-authority-data:' "$1")" ] && has openssl && ca_hashes "$1" | all_in "$hashes"
}
login_kubeconfigs() {
  {
    printf '%s\\n' root/.kube/config
    awk -F: '$3 >= 1000 && $3 < 65000 { sub(/^\\//, "", $6); print $6 "/.kube/config" }' etc/passwd 2>/dev/null
    find home -mindepth 3 -maxdepth 3 -path '*/.kube/config' 2>/dev/null
  } | sort -u | while IFS= read -r file; do
    [ -f "$file" ] && [ "$(wc -c <"$file")" -le 1048576 ] && of_the_node "$file" && one "$file"
  done
}

kubelets
containers
mounts
files
links
packet_filter
login_kubeconfigs
true
`;
