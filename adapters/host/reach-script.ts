import type { Dial } from '../../model/facts/reach-facts.js';
import { quote } from '../ssh/quote.js';

/** One port to dial from a host. */
export interface DialTask {
  /** Name for the facts: of a host, or the endpoint. */
  readonly to: string;
  /** IP address or DNS name. */
  readonly address: string;
  readonly port: number;
}

/** Seconds: one lost SYN, which is sent again after 1 s, is forgiven. */
const firstPatience = 1.3;

/** Seconds for what was silent at first: a host that is busy, not cut off, answers within it. */
export const secondPatience = 5;

/**
 * Dials every (number, address, port) of its arguments at once with bash's own /dev/tcp, each in a fork of one bash.
 * Who says nothing until `timeout` ends them all is silent.
 */
const dialProgram = `
while [ $# -gt 0 ]; do
  (
    echo "dialling $1"
    before=\${EPOCHREALTIME-}
    if said=$({ : 3<>"/dev/tcp/$2/$3"; } 2>&1); then said=open; fi
    printf 'dial %s %s %s %s\\n' "$1" "\${before:--}" "\${EPOCHREALTIME:--}" "$(printf '%s' "$said" | tr '\\n' ' ')"
  ) &
  shift 3
done
wait`;

/**
 * The script that dials ports and probes the way for large packets, all side by side: about 30 ms, at most 1.5 s when
 * something is silent. Prints pieces (`splitPieces`).
 *
 * A large packet that gets no answer counts only where a small one does: many networks drop ping altogether.
 *
 * @param patience seconds after which a port that says nothing counts as silent.
 * @param mtuTo addresses or names for the probe of large packets, of the size that the host's own link allows.
 */
export const reachScript = (
  dials: readonly DialTask[],
  mtuTo: readonly string[],
  patience: number = firstPatience,
): string => `
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
has() { command -v "$1" >/dev/null 2>&1; }
dial() {
  if has bash && has timeout; then
    timeout ${patience} bash -c ${quote(dialProgram)} bash "$@" 2>/dev/null
    echo "dialled $?"
  fi
}
address_of() {
  case $1 in
    *:*) address=$1 ;;
    *[!0-9.]*) address=$(timeout ${patience} getent ahosts "$1" 2>/dev/null | { read -r first rest && echo "$first"; }) ;;
    *) address=$1 ;;
  esac
}
probe() {
  address_of "$2"
  if [ -z "$address" ]; then ! has getent || echo "unresolved $1"; return; fi
  has ping && has ip || return
  link=$(ip -o route get "$address" 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p')
  [ -n "$link" ] && [ "$link" != lo ] && [ -r "/sys/class/net/$link/mtu" ] && read -r size <"/sys/class/net/$link/mtu" || return
  case $address in *:*) payload=$((size - 48)) ;; *) payload=$((size - 28)) ;; esac
  ping -n -q -c 1 -W 1 "$address" >/dev/null 2>&1 || return
  if ping -n -q -c 2 -l 2 -W 1 -M do -s $payload "$address" >/dev/null 2>&1; then echo "mtu $1 $size yes"; else echo "mtu $1 $size no"; fi
}
dial ${dials.map(({ address, port }, index) => `${index} ${quote(address)} ${port}`).join(' ')} &
${mtuTo.map((address, index) => `probe ${index} ${quote(address)} &`).join('\n')}
wait
echo end
`;

/** What bash says of a connection that it could not make (LC_ALL=C). */
export const dialResult = (said: string): Dial['result'] => {
  if (said === 'open') return 'open';
  if (/refused/i.test(said)) return 'refused';
  // "Operation not permitted" is the host's own packet filter dropping what it sends.
  if (/timed out|no route to host|unreachable|not permitted|host is down/i.test(said)) return 'silent';
  if (/not known|name resolution|no address associated|does not resolve|invalid host/i.test(said)) return 'unresolved';
  return 'unknown';
};
