import { quote } from '../ssh/quote.js';
import { configurationFile, managedHeader, runtimeSocket } from './configuration.js';
import { runtimeQuery } from './runtime.js';

/** Programs that can talk to HAProxy's socket, in the order of preference; perl is part of every Debian (perl-base). */
const socketClients = ['socat', 'perl', 'python3', 'nc'] as const;

// `ask COMMANDS` sends one line to the runtime socket and prints the answer; it fails when there is none.
// `nc` is taken last and only if it is OpenBSD's: the traditional one knows no Unix sockets.
const prelude = (mark: string): string => `PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
file=$(readlink -f ${configurationFile} || printf %s ${configurationFile})
section() { printf '\\n%s %s\\n' ${mark} "$1"; }
client=
for one in ${socketClients.join(' ')}; do
  command -v "$one" >/dev/null 2>&1 || continue
  case $one in nc) nc -h 2>&1 | grep -qi unix || continue ;; esac
  client=$one
  break
done
ask() {
  case $client in
    socat) printf '%s\\n' "$1" | socat -t 5 -T 5 - UNIX-CONNECT:${runtimeSocket} ;;
    perl) printf '%s\\n' "$1" | perl -MIO::Socket::UNIX -e 'alarm 5; $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!\\n"; $s->autoflush(1); local $/; print $s scalar <STDIN>; print scalar <$s>' ${runtimeSocket} ;;
    python3) printf '%s\\n' "$1" | python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
for part in iter(lambda: s.recv(65536), b""): sys.stdout.buffer.write(part)' ${runtimeSocket} ;;
    nc) printf '%s\\n' "$1" | nc -U -w 5 ${runtimeSocket} ;;
    *) echo "no client for ${runtimeSocket}" >&2; return 1 ;;
  esac
}
finish() { section end; exit 0; }
digest() { { sha256sum < "$file"; } 2>/dev/null | cut -d ' ' -f 1; }
`;

/** Other sections than `global` and `defaults`: they are what a configuration is for. */
const foreignSections =
  '^[[:space:]]*(frontend|backend|listen|peers|resolvers|mailers|userlist|program|ring|cache|fcgi-app|http-errors|log-forward|crt-store)([[:space:]]|$)';

/**
 * Reads HAProxy's file, unit and socket. Of a file that is not ours only the names of its sections leave the host, as
 * it may hold passwords.
 */
export const readScript = (mark: string): string => `${prelude(mark)}
section program
command -v haproxy || true
section client
echo "$client"
section unit
systemctl is-active haproxy 2>/dev/null || true
systemctl is-enabled haproxy 2>/dev/null || true
section digest
digest
if [ "$(head -n 1 "$file" 2>/dev/null)" = ${quote(managedHeader)} ]; then
  section managed
  cat "$file"
else
  section foreign
  grep -E ${quote(foreignSections)} "$file" 2>/dev/null | head -n 10
fi
section runtime
ask ${quote(runtimeQuery)} 2>&1 || true
finish
`;

export interface Write {
  /** sha256 of the file that the decision was made on; empty when there was none. */
  readonly expectedDigest: string;
  /** sha256 of the new file, which comes by standard input; absent when the file stays. */
  readonly newDigest?: string;
  /** For the runtime socket, before a reload. */
  readonly before: readonly string[];
  /** Revision that the running HAProxy must show after a reload or start; absent when none is due. */
  readonly reloadTo?: string;
  /** Start at boot. */
  readonly enableUnit: boolean;
  /** For the runtime socket, after a reload. */
  readonly after: readonly string[];
}

/** Seconds a reload or a start may take: the new process binds its ports within a second. */
const reloadSeconds = 15;

const replaceFile = (newDigest: string): string => `new="$file.quorate.$$"
trap 'rm -f "$new"' EXIT
if [ -e "$file" ]; then cp -p "$file" "$new"; else : > "$new"; chmod 644 "$new"; fi
cat > "$new"
# a connection that ends half-way looks like the end of the input
[ "$(sha256sum < "$new" | cut -d ' ' -f 1)" = ${newDigest} ] || { section cut; finish; }
if said=$(haproxy -c -f "$new" 2>&1); then :; else section invalid; printf '%s\\n' "$said"; finish; fi
sync "$new"
mv -f "$new" "$file"
`;

// The unit's reload only signals the master process: what runs is known from the socket alone.
// A unit that failed to start too often is not started again before that is forgotten.
const reload = (revision: string): string => `section reload
systemctl reset-failed haproxy 2>/dev/null || true
systemctl reload-or-restart haproxy 2>&1 || true
tries=0
until ask 'show info' 2>/dev/null | grep -q '^[Dd]escription: quorate ${revision}$'; do
  tries=$((tries + 1))
  if [ "$tries" -ge ${reloadSeconds * 5} ] || systemctl is-failed -q haproxy; then
    section journal
    journalctl -u haproxy -n 15 -o cat --no-pager 2>/dev/null || true
    break
  fi
  sleep 0.2
done
`;

const askFor = (section: string, commands: readonly string[]): string =>
  commands.length === 0 ? '' : `section ${section}\nask ${quote(commands.join(';'))} 2>&1 || true\n`;

/**
 * Does what was decided, unless the file is no longer the one that the decision was made on (section `changed`).
 * Ends with a new reading of the socket (section `runtime`).
 */
export const writeScript = (mark: string, write: Write): string => `set -eu
${prelude(mark)}
exec 9> /run/quorate-haproxy.lock
flock -w 30 9 || { section changed; finish; }
[ "$(digest)" = '${write.expectedDigest}' ] || { section changed; finish; }
${write.newDigest === undefined ? '' : replaceFile(write.newDigest)}
${write.enableUnit ? 'section boot\nsystemctl enable -q haproxy 2>&1 || true' : ''}
${askFor('before', write.before)}
${write.reloadTo === undefined ? '' : reload(write.reloadTo)}
${askFor('after', write.after)}
section runtime
ask ${quote(runtimeQuery)} 2>&1 || true
finish
`;

/**
 * Watches the health of a server in five looks a second: section `up` as soon as a check has succeeded, `late` after `seconds`;
 * either ends with a reading of the socket. A server that was never checked counts as UP for HAProxy, but not here.
 */
export const waitScript = (mark: string, backend: string, name: string, seconds: number): string => `${prelude(mark)}
read -r now _ < /proc/uptime
end=$((\${now%%.*} + ${seconds}))
outcome=late
while :; do
  if ask 'show stat' 2>/dev/null | awk -F , -v backend=${quote(backend)} -v server=${quote(name)} '
    /^# / { sub(/^# /, ""); for (i = 1; i <= NF; i++) column[$i] = i; next }
    $column["pxname"] == backend && $column["svname"] == server &&
      $column["status"] ~ /^UP/ && $column["check_status"] ~ /L[467]OK/ { up = 1 }
    END { exit !up }'; then outcome=up; break; fi
  read -r now _ < /proc/uptime
  [ "\${now%%.*}" -lt "$end" ] || break
  sleep 0.2
done
section "$outcome"
section runtime
ask ${quote(runtimeQuery)} 2>&1 || true
finish
`;
