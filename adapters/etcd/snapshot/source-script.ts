import { quote } from '../../ssh/quote.js';
import { etcdctlPrelude, etcdPki } from '../etcdctl.js';
import { exitCodes } from './exit-codes.js';

/** What a disk keeps besides the snapshot, MiB: five segments of etcd's log, 64 MiB each, the next one, and some more. */
const marginMiB = 512;

const curl = `curl -gqsS --noproxy '*' --connect-timeout 2 --cacert ${etcdPki}/ca.crt --cert ${etcdPki}/healthcheck-client.crt --key ${etcdPki}/healthcheck-client.key -d '{}'`;

// Each line of the answer is {"result":{"remaining_bytes":"...","blob":"<base64>"}}: split at the quotes, as a regular
// expression for lines of 44 kB takes forty times as long. base64 takes several encodings one after the other.
const stream = `${curl} https://127.0.0.1:2379/v3/maintenance/snapshot | tr '"' '\\n' | sed -n '/^blob$/{n;n;p;}' | base64 -d > "$1"`;

// Its last 32 bytes are the sha256 of the rest, which is whole pages: `etcdutl snapshot restore` looks at just that.
const checksum = `n=$(stat -c %s -- "$1") && [ "$n" -gt 32 ] && [ $((n % 512)) -eq 32 ] || exit 1
want=$(tail -c 32 -- "$1" | od -An -v -tx1 | tr -d ' \\n') && have=$(head -c $((n - 32)) -- "$1" | sha256sum | cut -c 1-64) || exit 1
[ "$want" = "$have" ] && printf '%s\\n' "$have"`;

/**
 * Shell lines that find the way to the snapshot and see that there is room for it. Where the host has no etcdctl, etcd's
 * HTTP gateway sends it, which is on by default: the container shares no folder with the host but the one that its
 * database is in, which is the last resort. `etcdctl snapshot save` writes FILE.part and renames it, so that it
 * can write neither to a pipe nor to /dev/stdout (it would replace it).
 * Sets `$way` (etcdctl, gateway, container), `$size`, `$revision`, `$cluster` and `$authority`, and `$also` to
 * the folder that is written besides.
 */
export const sourceScript = `
number() { printf '%s\\n' "$status" | sed -n "s/.*\\"$1\\" *: *\\"\\{0,1\\}\\([0-9][0-9]*\\).*/\\1/p" | head -n 1; }
authority=$(sha256sum < ${etcdPki}/ca.crt | cut -c 1-64)
way=etcdctl status=
if ! command -v etcdctl >/dev/null 2>&1; then
  way=container
  if command -v curl >/dev/null 2>&1; then
    status=$(${curl} --max-time 5 https://127.0.0.1:2379/v3/maintenance/status 2>/dev/null)
    case "$status" in *'"dbSize"'*) way=gateway ;; esac
  fi
fi
if [ $way != gateway ]; then
${etcdctlPrelude}
status=$(etcdctl $e --endpoints="$endpoint" --dial-timeout=2s --command-timeout=5s endpoint status -w json) || exit 1
fi
size=$(number dbSize) revision=$(number revision) cluster=$(number cluster_id)
[ -n "$size" ] && [ -n "$revision" ] && [ -n "$cluster" ] && [ \${#authority} = 64 ] || {
  echo "etcd does not say how large it is and of which cluster: $status" >&2
  exit 1
}
# a tenth more, as it grows meanwhile
need=$(((size + size / 10 + 1048575) / 1048576 + ${marginMiB}))
no_room() {
  section room
  printf '%s %s %s %s\\n' "$(free "$1")" "$need" "$size" "$1"
  exit ${exitCodes.noSpace}
}
room() {
  have=$(free "$1")
  case "$have" in '' | *[!0-9]*) echo "df does not say how much is free for $1" >&2; exit 1 ;; esac
  [ "$have" -ge $((need * 1024)) ] || no_room "$1"
}
also=
if [ $way = container ]; then also=$shared; room "$shared"; fi
room "$folder"
in_reach() { # LIMIT PROGRAM ARGUMENT...: in place of a subshell, so that a signal reaches timeout, which hands it on
  limit=$1
  shift
  if [ $way != container ]; then exec timeout "$limit" "$@"
  elif command -v crictl >/dev/null 2>&1; then exec timeout "$limit" crictl exec "$inside" "$@"
  else exec timeout "$limit" ctr -n k8s.io tasks exec --exec-id "quorate-$(cat /proc/sys/kernel/random/uuid)" "$inside" "$@"; fi
}
# reading 10 MiB a second, and a minute more
enough=$((60 + size / 10485760))
sum_of() { timeout "$enough" sh -c ${quote(checksum)} sh "$1"; }
status_of() { # etcdctl of old reads a snapshot itself; a host with neither says nothing
  if [ $way = gateway ] && ! command -v etcdutl >/dev/null 2>&1; then return 0; fi
  said=$(in_reach "$enough" etcdutl snapshot status "$1" -w json 2>&1) || {
    (in_reach "$enough" etcdctl snapshot status "$1" -w json) && return
    printf '%s\\n' "$said" >&2
    return 1
  }
  printf '%s\\n' "$said"
}
stream() { exec timeout 0 sh -c ${quote(stream)} sh "$1"; }
`;
