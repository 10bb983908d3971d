import { quote } from '../ssh/quote.js';
import { criFunction } from './cri-request.js';

export interface Preparation {
  /** Kernel settings and the values they must have. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Socket of the runtime and, on standard input, the kubeadm configuration whose images are wanted; none: no images. */
  readonly images?: { readonly criSocket: string };
}

/**
 * The script that prepares a host and says what it did: POSIX sh, idempotent, about 100 ms. Prints pieces:
 * `changed`, `was` (a value before it was changed), `file` (a file that was written), `note`, `failed`, `wanted`, `present`.
 */
export const prepareScript = ({ sysctls, images }: Preparation): string => `
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd / || exit 1
has() { command -v "$1" >/dev/null 2>&1; }
one_line() { tr '\\n' ' ' | cut -c 1-300 | sed 's/ *$//'; }
${criFunction}
replace() { # FILE, its new content on standard input: whole or not at all, readable for all
  mkdir -p "\${1%/*}" && cat >"$1.$$" && chmod 0644 "$1.$$" && mv -f "$1.$$" "$1"
}

kubelet() {
  state=$(systemctl is-enabled kubelet.service 2>/dev/null)
  [ "$state" != enabled ] || return 0
  if said=$(systemctl enable kubelet.service 2>&1); then
    echo "was kubelet.service $state"
    echo "changed enabled kubelet.service"
  else
    echo "failed enable kubelet.service: $(printf '%s' "$said" | one_line)"
  fi
}

is_there() {
  case $1 in
    overlay) grep -q '[[:space:]]overlay$' proc/filesystems ;;
    br_netfilter) [ -d proc/sys/net/bridge ] ;;
  esac
}

modules() {
  missing=
  for module in overlay br_netfilter; do
    if ! is_there $module; then
      if ! has modprobe; then echo "note kernel module $module is not loaded, and modprobe is missing"; continue; fi
      if said=$(modprobe $module 2>&1); then echo "changed loaded kernel module $module"
      else echo "note kernel module $module could not be loaded: $(printf '%s' "$said" | one_line)"; continue; fi
    fi
    # built into the kernel, or kept by somebody else's file already
    ! has modprobe || grep -q "/$module\\.ko" "lib/modules/$(uname -r)/modules.builtin" 2>/dev/null ||
      grep -qsx $module etc/modules etc/modules-load.d/*.conf usr/lib/modules-load.d/*.conf run/modules-load.d/*.conf ||
      missing="$missing $module"
  done
  [ -n "$missing" ] || return 0
  file=etc/modules-load.d/quorate.conf
  if { [ ! -r $file ] || cat $file; printf '%s\\n' $missing; } | replace $file; then
    echo "file /$file"
    echo "changed wrote /$file:$missing"
  else
    echo "note /$file could not be written: the modules$missing are not loaded after a restart"
  fi
}

sysctls() {
  file=etc/sysctl.d/99-quorate-kubernetes.conf
  lines= names=
  while [ $# -gt 0 ]; do
    path=proc/sys/$(printf '%s' "$1" | tr . /)
    # not \`read\`: it reads byte by byte, and the kernel gives a setting in one piece or not at all
    now=$(cat "$path" 2>/dev/null)
    if [ -n "$now" ] && [ "$now" != "$2" ]; then
      if { echo "$2" >"$path"; } 2>/dev/null; then
        echo "was $1 $now"
        echo "changed set $1 from $now to $2"
      else
        # without the bridge settings some CNI plugins work and some do not; without forwarding none does
        case $1 in net.bridge.*) word=note ;; *) word=failed ;; esac
        echo "$word set $1 from $now to $2: the kernel refused it"
      fi
      names="$names $1"
      lines="$lines$1 = $2
"
    fi
    shift 2
  done
  [ -n "$lines" ] || return 0
  if {
    [ ! -r $file ] || awk -v "names=$names " 'index(names, " " $1 " ") == 0' $file
    printf '%s' "$lines"
  } | replace $file; then
    echo "file /$file"
    echo "changed wrote /$file:$names"
  else
    echo "failed write /$file:$names would not survive a restart"
  fi
}

images() {
  configuration=run/quorate-images.$$
  (umask 077 && cat >$configuration) || return 0
  {
    kubeadm config images list --config $configuration 2>$configuration.said ||
      echo "failed list the images: $(tail -n 3 $configuration.said | one_line)"
  } | {
    {
      cri "$1" ImageService/ListImages
      case $? in
        [124] | 127) ! has ctr || ctr --address "$1" --namespace k8s.io images ls -q 2>/dev/null ;;
      esac
    } </dev/null | tr -c 'A-Za-z0-9./:_-' '\\n' | grep '/.*:' | sed 's/^/present /'
    sed 's/^\\([^ ]*\\)$/wanted \\1/'
  }
  rm -f $configuration $configuration.said
}

kubelet </dev/null
modules </dev/null
sysctls ${Object.entries(sysctls)
  .map(([name, value]) => `${quote(name)} ${quote(value)}`)
  .join(' ')} </dev/null
${images === undefined ? '' : `images ${quote(images.criSocket)}`}
echo end
`;
