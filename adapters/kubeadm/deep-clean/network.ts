import { linkPattern } from '../../../model/reset/traces.js';

/**
 * Shell functions that take out the network of a node: `links` and `packet_filter`. They need `has`, `removed`, `failed`,
 * the functions of `packetFilterFunctions`, and the variable `kept_links`, names that stay, one a line.
 */
export const networkFunctions = `
# Of IPVS only what has an address of kube-proxy's link, now gone: others have virtual servers, too
ipvs_services() { # ADDRESSES
  has ipvsadm || return 0
  gone=0
  for service in $(ipvsadm -Sn 2>/dev/null | awk '$1 == "-A" && ($2 == "-t" || $2 == "-u" || $2 == "--sctp-service") { print $2 "=" $3 }'); do
    address=\${service#*=}
    address=\${address%:*}
    address=\${address#[}
    printf '%s\\n' "$1" | grep -Fxq -e "\${address%]}" || continue
    if ipvsadm -D "\${service%%=*}" "\${service#*=}" 2>/dev/null; then gone=$((gone + 1)); else failed "IPVS service \${service#*=}"; fi
  done
  [ $gone -eq 0 ] || removed "$gone IPVS services"
}

links() {
  has ip || return 0
  there=$(ls sys/class/net 2>/dev/null | sort -r)
  going=$(printf '%s\\n' "$there" | awk '/${linkPattern}/' | grep -Fxv -e "$kept_links")
  [ -n "$going" ] || return 0
  ports=
  # what hangs on a bridge goes before it: veth of Pods
  for link in $(printf '%s\\n' "$there" | grep '^veth'); do
    bridge=$(readlink "sys/class/net/$link/master" 2>/dev/null)
    [ -n "$bridge" ] && printf '%s\\n' "$going" | grep -Fxq -e "\${bridge##*/}" && ports="$ports $link"
  done
  for link in $ports $going; do
    [ -e "sys/class/net/$link" ] || continue
    ipvs=
    [ "$link" != kube-ipvs0 ] || ipvs=$(ip -o addr show dev kube-ipvs0 2>/dev/null | awk '{ sub("/.*", "", $4); print $4 }')
    # the other end of a pair goes with the first
    if ip link delete "$link" 2>/dev/null; then removed "link $link"; elif [ -e "sys/class/net/$link" ]; then failed "link $link"; fi
    [ -z "$ipvs" ] || ipvs_services "$ipvs"
  done
}

packet_filter() {
  for filter in $(filters); do
    commands=$(out_of $filter)
    [ -n "$commands" ] || continue
    number=$(printf '%s\\n' "$commands" | grep -Ec "$takes_out")
    if [ $filter = nft ]; then
      if said=$(printf '%s\\n' "$commands" | nft -f - 2>&1); then removed "nftables: $number tables, chains and rules"
      else failed "nftables: $(printf '%s\\n' "$said" | head -n 1)"; fi
    elif said=$(printf '%s\\n' "$commands" | "$filter-restore" --noflush 2>&1); then removed "$filter: $number chains and rules"
    else failed "$filter: $(printf '%s\\n' "$said" | head -n 1)"; fi
  done
}`;
