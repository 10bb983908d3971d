import { showRunningUnits } from '../systemd/running-units.js';
import { cniFolders, kubeadmConfigurations, kubeadmFolders, kubeletState } from '../../model/reset/traces.js';
import { criFunction } from './cri-request.js';
import { identityFunction } from './identity-script.js';
import { folderFunctions } from './traces/folders.js';
import { listenersFunction } from './traces/listeners.js';
import { loginKubeconfigsFunction } from './traces/login-kubeconfigs.js';
import { packetFilterFunctions, takesOut } from './traces/packet-filter.js';

/**
 * Reads a kubeconfig (argument 1..n) without its secrets: of the sections `clusters`, `contexts` and `current-context`
 * only named keys are printed, the section `users` never is. Files that `certificate-authority` names are printed as
 * their first CERTIFICATE block and nothing else, as the file could be anything.
 */
const kubeconfigProgram = `
function pem(path,   line, inside, n) {
  print "ca-file " path
  sub(/^\\//, "", path)
  while (n++ < 2000 && (getline line < path) > 0) {
    if (line ~ /^-----BEGIN CERTIFICATE-----/) inside = 1
    if (inside) print "ca-pem " line
    if (inside && line ~ /^-----END CERTIFICATE-----/) break
  }
  close(path)
}
function kubeconfig(path,   line, section, n, ca, folder) {
  print "kubeconfig /" path
  while (n++ < 5000 && (getline line < path) > 0) {
    sub(/\\r$/, "", line)
    if (line ~ /^[A-Za-z]/) { section = line; sub(/:.*/, "", section) }
    if (section != "clusters" && section != "contexts" && section != "current-context") continue
    if (line !~ /^(clusters|contexts|current-context):/ &&
        line !~ /^[ -]*(cluster|context|name|server|certificate-authority|certificate-authority-data):/) continue
    if (length(line) > 20000) continue
    if (line ~ /^[ -]*server:/) {
      sub(/\\/\\/[^\\/]*@/, "//", line)
      server = line; sub(/^[ -]*server:[ ]*/, "", server); gsub(/["' ]/, "", server)
      if (server ~ /^https?:\\/\\/[][A-Za-z0-9.:_-]+(\\/[A-Za-z0-9.\\/_-]*)?$/ && !(server in servers)) { servers[server] = 1; print "server " server }
    }
    print "kubeconfig-line " line
    if (path ~ /^etc\\/kubernetes\\// && line ~ /^[ -]*certificate-authority:/) {
      ca = line; sub(/^[ -]*certificate-authority:[ ]*/, "", ca); gsub(/["']/, "", ca)
      folder = "/" path; sub(/[^\\/]*$/, "", folder)
      if (ca != "") files[ca ~ /^\\// ? ca : folder ca] = 1
    }
  }
  close(path)
}
BEGIN {
  for (i = 1; i < ARGC; i++) kubeconfig(ARGV[i])
  for (file in files) pem(file)
  pem("/etc/kubernetes/pki/ca.crt")
}`;

const configurations = kubeadmConfigurations.map((name) => `etc/kubernetes/${name}.conf`);
const folders = kubeadmFolders.map((folder) => `etc/kubernetes/${folder}`);
const relative = (path: string): string => path.slice(1);

/**
 * The script that reads a host: POSIX sh, about 30 short processes. Nothing is changed but a note of versions below /var/cache/quorate.
 *
 * Each line is `<piece> <value>`; a value never continues on the next line, so no file on the host can forge a piece.
 * Slow pieces run beside each other as `slow | { quick; cat; }`: what they print stays whole and in order without a
 * temporary file. A missing tool leaves its piece out. The last line is `end`.
 *
 * Paths are relative to `/`, so that a test can run it in a folder that looks like a host.
 *
 * @param criSocket path of the runtime's socket, quoted.
 */
export const readHostScript = (criSocket: string): string => `
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
printf 'began %s\\n' "$(date +%s%N)"
cd / || exit 1
cri_socket=${criSocket}
say() { printf '%s %s\\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }
first_line() { value=; [ -r "$2" ] && IFS= read -r value <"$2"; [ -z "$value" ] || say "$1" "$value"; }
prefix() { awk -v "limit=$2" -v "piece=$1" 'NR <= limit { print piece " " $0 }'; }
has_entries() {
  for entry in "$1"/* "$1"/.[!.]*; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then [ "\${entry##*/}" = lost+found ] || return 0; fi
  done
  return 1
}

${identityFunction}
${folderFunctions}
${listenersFunction}
${packetFilterFunctions}
${loginKubeconfigsFunction}

identity() {
  first_line hostname proc/sys/kernel/hostname
  first_line machine-id etc/machine-id
  first_line boot-id proc/sys/kernel/random/boot_id
  first_line memory proc/meminfo
  for file in etc/os-release usr/lib/os-release; do [ -r $file ] && prefix os 40 <$file && break; done
  say uname "$(uname -rm)"
  say cpus "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)"
  if [ -e sys/fs/cgroup/cgroup.controllers ]; then say cgroup 2; else say cgroup 1; fi
  if [ -r proc/swaps ]; then { read -r swap; while read -r swap; do say swap "$swap"; done; } <proc/swaps; fi
  for name in net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables \\
    net.ipv6.conf.default.forwarding net.ipv6.conf.all.forwarding; do
    case $name in
      net.bridge.*) file=proc/sys/net/bridge/\${name#net.bridge.} ;;
      net.ipv4.*) file=proc/sys/net/ipv4/\${name#net.ipv4.} ;;
      *) file=\${name#net.ipv6.conf.}; file=proc/sys/net/ipv6/conf/\${file%.forwarding}/forwarding ;;
    esac
    first_line "sysctl $name" $file
  done
  if has systemctl; then
    systemctl show --property=Id,LoadState,UnitFileState,ActiveState kubelet.service containerd.service 2>/dev/null | prefix unit 40
  fi
  first_line marker var/lib/quorate/marker.json
  whose | prefix identity 20
  ! has systemctl || { ${showRunningUnits}; }
}

network() {
  for link in sys/class/net/*; do
    value=; [ -r "$link/mtu" ] && read -r value <"$link/mtu"
    [ -z "$value" ] || say link "$value \${link##*/}"
  done
  ! has ip || ip -o addr 2>/dev/null | prefix address 500
}

disk() {
  set --
  for path in var/lib/kubelet var/lib/etcd var/lib/containerd etc; do
    asked=/$path
    while [ ! -e "$path" ]; do case $path in */*) path=\${path%/*} ;; *) path=. ;; esac; done
    say disk-of "$asked $path"
    set -- "$@" "$path"
  done
  stat -f -c 'disk %a %S %n' "$@" 2>/dev/null
}

leftovers() {
  # kubeadm's own first: a folder full of other things must not hide them
  {
    for file in ${configurations.join(' ')}; do
      if [ -e $file ] || [ -L $file ]; then printf '%s\\n' $file; fi
    done
    for folder in ${folders.join(' ')}; do [ ! -d $folder ] || find $folder/ ! -type d; done
    [ ! -d etc/kubernetes ] || find etc/kubernetes/ ! -type d ${configurations.map((file) => `! -path ${file}`).join(' ')} \\
      ${folders.map((folder) => `! -path ${folder} ! -path '${folder}/*'`).join(' ')}
  } 2>/dev/null | prefix kubernetes-file 200
  for file in $(grep -ls 'image:.*kube-vip' etc/kubernetes/manifests/*.yaml 2>/dev/null); do
    say kube-vip "/$file $(sed -n 's|^[ -]*path: *\\(/[^ ]*\\.conf\\).*|\\1|p' "$file" | head -n 1)"
  done
  # Versions tell later whether a file was written since.
  {
    for folder in ${cniFolders.map(relative).join(' ')}; do
      [ ! -d $folder ] || find $folder/ ! -type d -exec stat -c '%s %Y %n' {} +
    done
    for file in run/netns/cni-*; do [ ! -e "$file" ] || stat -c '%s %Y %n' "$file"; done
  } 2>/dev/null | awk '{ if (NR <= 100) print "cni-file " $0 } END { if (NR > 100) print "cni-files-unlisted " NR - 100 }'
  ! has_entries var/lib/etcd || say etcd-data present
  state=$({
    for file in ${kubeletState.files.join(' ')}; do
      [ ! -e var/lib/kubelet/$file ] || say kubelet-state $file
    done
    for folder in ${kubeletState.folders.join(' ')}; do ! has_entries var/lib/kubelet/$folder || say kubelet-state $folder; done
  })
  if [ -n "$state" ]; then printf '%s\\n' "$state"
  elif [ -d var/lib/kubelet ]; then
    find var/lib/kubelet/ -xdev -type f ! -path 'var/lib/kubelet/lost+found/*' 2>/dev/null | prefix kubelet-file 100
  fi
  mounts_below var/lib/kubelet | prefix mount 200
  astray | prefix astray 20
}

listeners() { node_ports | sed 's/^/listener /'; }

packet_filter() { say rules "$(for filter in $(filters); do out_of $filter; done | grep -Ec '${takesOut}')"; }

kubeconfigs() {
  set --
  for file in etc/kubernetes/*.conf; do [ ! -f "$file" ] || set -- "$@" "$file"; done
  homes=$(login_kubeconfigs)
  IFS='
'
  set -f
  for file in $homes; do
    stat -L -c 'login-kubeconfig %s %Y %n' "$file" 2>/dev/null
    set -- "$@" "$file"
  done
  unset IFS
  found=$(awk '${kubeconfigProgram.replaceAll("'", "'\\''")}' "$@" 2>/dev/null)
  [ -z "$found" ] || printf '%s\\n' "$found"
  has curl || return 0
  for server in $(printf '%s\\n' "$found" | sed -n 's/^server //p' | head -n 8); do
    {
      code=$(curl -qgsk --noproxy '*' --connect-timeout 1 -m 2 -o /dev/null -w '%{http_code}' "$server/version")
      case $code in '' | 000) say answers "no $server" ;; *) say answers "yes $server" ;; esac
    } &
  done
  wait
}

# Says more than "the socket is there": containerd may run with its CRI plugin disabled
${criFunction}
runtime() {
  answer=exit-2
  if has curl; then
    answer=$({
      cri "$cri_socket" RuntimeService/Version
      printf 'exit-%s' $?
    } | tr -c ' -~' '|')
    say runtime "$answer"
  fi
  case $answer in
    *exit-0) return 0 ;;
    *exit-[124]) # curl is missing or knows no HTTP/2
      ! has ctr || ! ctr --connect-timeout 2s --address "$cri_socket" version >/dev/null 2>&1 || say runtime-socket answers ;;
  esac
  ! has containerd || say containerd "$(containerd --version 2>/dev/null | head -n 1)"
}

# Each of these programs costs 100 ms of CPU to say its version: asked once per file (device, inode, size, time of change).
# A small file is a wrapper, which may start something else tomorrow: asked each time.
version() {
  program=$1
  path=$(command -v "$program") || return 0
  known=var/cache/quorate/versions/$program size= identity= seen= said=
  read -r size identity <<X
$(stat -L -c '%s %d:%i:%z' "$path" 2>/dev/null)
X
  [ ! -r "$known" ] || { IFS= read -r seen && IFS= read -r said; } <"$known"
  if [ -z "$identity" ] || [ "$seen" != "$size $identity" ] || [ -z "$said" ]; then
    said=$("$@" 2>/dev/null | head -n 1)
    case $said in
      v[1-9]*.* | *' v'[1-9]*.*)
        if [ "\${size:-0}" -gt 1048576 ]; then
          (umask 077 && mkdir -p var/cache/quorate/versions && printf '%s\\n%s\\n' "$size $identity" "$said" >"$known.$$" && mv "$known.$$" "$known") 2>/dev/null
        fi ;;
    esac
  fi
  say "$program" "$said"
}

version kubeadm version -o short </dev/null | {
  version kubelet --version </dev/null | {
    { runtime; version kubectl version --client; } </dev/null | {
      kubeconfigs </dev/null | {
        { listeners; packet_filter; } </dev/null | {
          { identity; network; disk; leftovers; } </dev/null
          cat
        }
        cat
      }
      cat
    }
    cat
  }
  cat
}
printf 'ended %s\\n' "$(date +%s%N)"
echo end
`;
