// Processes of HAProxy that a reload left behind. Each keeps the connections that it has until they end or
// `hard-stop-after` has passed. It checks no server any more, and `set server` and `shutdown sessions` are refused
// ("Proxy is disabled"); what it takes is the end of one session, through the socket of the master process.
import { quote } from '../ssh/quote.js';

/** Where the unit that HAProxy ships, and Debian's, have the socket of the master process (`-S`). */
const masterSocket = '/run/haproxy-master.sock';

export interface OlderProcesses {
  /** Connections to servers of the backend. */
  readonly held: readonly { readonly pid: number; readonly server: string; readonly connections: number }[];
  /** Ids of processes that cannot be asked, as the master's socket does not answer. */
  readonly hidden: readonly number[];
}

/**
 * Functions of a shell, after the prelude: `older_processes` prints "PID SERVER CONNECTIONS" or "hidden PID" a line,
 * `end_older SERVER` ends what older processes hold to a server and touches nothing else of theirs. The master does not
 * answer while it reloads, and for some 0.1 s after the new process does: `await_master` waits for it.
 */
export const olderFunctions = (backend: string): string => `master() { ask_at ${masterSocket} "$1; quit" 2>/dev/null; }
older() { master 'show proc' | awk '/^#/ { old = /^# old workers/; next } old && $2 == "worker" { print $1 }'; }
held() {
  master "@!$1 show sess" | awk -v backend=${quote(backend)} '{
    from = to = ""
    for (i = 2; i <= NF; i++) { if ($i ~ /^be=/) from = substr($i, 4); if ($i ~ /^srv=/) to = substr($i, 5) }
    if (from == backend && to !~ /^</) print substr($1, 1, length($1) - 1), to
  }'
}
hidden() {
  now=$(worker)
  [ -n "$now" ] || return 0
  parent=$(awk '/^PPid:/ { print $2 }' "/proc/$now/status" 2>/dev/null) || return 0
  cat /proc/[0-9]*/status 2>/dev/null | awk -v parent="$parent" -v now="$now" '/^Name:/ { name = $2 } /^Pid:/ { pid = $2 }
    /^PPid:/ && $2 == parent && name == "haproxy" && pid != now { print "hidden", pid }'
}
answers() { master 'show proc' | grep -q '^#<PID>'; }
await_master() {
  tries=0
  until answers; do
    tries=$((tries + 1))
    [ -e ${masterSocket} ] && [ "$tries" -lt 25 ] || return 0
    sleep 0.2
  done
}
older_processes() {
  if answers; then
    for pid in $(older); do
      held "$pid" | awk -v pid="$pid" '{ count[$2]++ } END { for (server in count) print pid, server, count[server] }'
    done
  else
    hidden
  fi
}
end_older() {
  rounds=0
  while [ "$rounds" -lt 100 ]; do
    rounds=$((rounds + 1))
    commands=
    for pid in $(older); do
      for id in $(held "$pid" | awk -v server="$1" '$2 "" == server { print $1 }' | head -n 100); do
        commands="$commands@!$pid shutdown session $id;"
      done
      [ -z "$commands" ] || break
    done
    [ -n "$commands" ] || break
    master "\${commands%;}" >/dev/null || true
    sleep 0.1
  done
}
`;

/** What `older_processes` printed. */
export const parseOlder = (text: string | undefined): OlderProcesses => {
  const lines = (text ?? '').split('\n').map((line) => line.trim().split(' '));
  return {
    held: lines.flatMap(([pid = '', server = '', connections = '']) =>
      /^\d+$/.test(pid) && /^\d+$/.test(connections)
        ? [{ pid: Number(pid), server, connections: Number(connections) }]
        : [],
    ),
    hidden: lines.flatMap(([word, pid = '']) => (word === 'hidden' ? [Number(pid)] : [])),
  };
};

/** Connections that older processes hold to a server. */
export const heldTo = ({ held }: OlderProcesses, server: string): number =>
  held.filter((one) => one.server === server).reduce((sum, { connections }) => sum + connections, 0);

const count = (connections: number): string => (connections === 1 ? '1 connection' : `${connections} connections`);

/**
 * What an operator has to know of a server that was taken out: what older processes held to it, and what they hold
 * still. Empty when that is nothing.
 */
export const olderNote = (server: string, host: string, before: OlderProcesses, after: OlderProcesses): string => {
  const left = heldTo(after, server);
  const ended = heldTo(before, server) - left;
  const holders = new Set(after.held.filter((one) => one.server === server).map(({ pid }) => pid));
  const parts = [
    ended > 0 ? `ended ${count(ended)} to ${server} that older processes of HAProxy on ${host} held` : '',
    left > 0
      ? `older processes of HAProxy on ${host} (pid ${[...holders].join(', ')}) still hold ${count(left)} to ${server}, for 30 minutes at most`
      : '',
    after.hidden.length > 0
      ? `older processes of HAProxy on ${host} (pid ${after.hidden.join(', ')}) may hold connections to ${server}, for 30 minutes at most: ${masterSocket} does not answer`
      : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
};
