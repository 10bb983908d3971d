import { configurationFile, runtimeSocket } from './configuration.js';
import { stateFile } from './server-state.js';

/** Programs that can talk to HAProxy's socket, in the order of preference; perl is part of every Debian (perl-base). */
const socketClients = ['socat', 'perl', 'python3', 'nc'] as const;

/**
 * What every script on a load balancer begins with. `ask COMMANDS` sends one line to the runtime socket and prints the
 * answer, `ask_at SOCKET COMMANDS` to another socket; both fail when there is none. `worker` prints the id of the
 * process that answers at the runtime socket.
 */
// `nc` is taken last and only if it is OpenBSD's: the traditional one knows no Unix sockets.
export const prelude = (mark: string): string => `PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
file=$(readlink -f ${configurationFile} || printf %s ${configurationFile})
state=${stateFile}
section() { printf '\\n%s %s\\n' ${mark} "$1"; }
client=
for one in ${socketClients.join(' ')}; do
  command -v "$one" >/dev/null 2>&1 || continue
  case $one in nc) nc -h 2>&1 | grep -qi unix || continue ;; esac
  client=$one
  break
done
ask_at() {
  case $client in
    socat) printf '%s\\n' "$2" | socat -t 5 -T 5 - "UNIX-CONNECT:$1" ;;
    perl) printf '%s\\n' "$2" | perl -MIO::Socket::UNIX -e 'alarm 5; $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!\\n"; $s->autoflush(1); local $/; print $s scalar <STDIN>; print scalar <$s>' "$1" ;;
    python3) printf '%s\\n' "$2" | python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
for part in iter(lambda: s.recv(65536), b""): sys.stdout.buffer.write(part)' "$1" ;;
    nc) printf '%s\\n' "$2" | nc -U -w 5 "$1" ;;
    *) echo "no client for $1" >&2; return 1 ;;
  esac
}
ask() { ask_at ${runtimeSocket} "$1"; }
worker() { ask 'show info' 2>/dev/null | awk '/^Pid: / { print $2 }'; }
finish() { section end; exit 0; }
digest() { { sha256sum < "$1"; } 2>/dev/null | cut -d ' ' -f 1; }
`;
