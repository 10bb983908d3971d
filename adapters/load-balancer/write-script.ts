import { quote } from '../ssh/quote.js';
import { olderFunctions } from './older-processes.js';
import { runtimeQuery } from './runtime.js';
import { prelude } from './script-prelude.js';
import { stateFunctions, type HandedOver } from './server-state.js';

export interface Write {
  readonly backend: string;
  /** sha256 of the file that the decision was made on; empty when there was none. */
  readonly expectedDigest: string;
  /** sha256 of the new file, which comes by standard input; absent when the file stays. */
  readonly newDigest?: string;
  /** The server-state file for starts; it is put in its place when that is due, and after a reload. */
  readonly stateAtStart: string;
  readonly putState: boolean;
  /** For the runtime socket, before a reload. */
  readonly before: readonly string[];
  /** Absent when no reload or start is due. */
  readonly reload?: {
    /** Revision that the new process must show. */
    readonly to: string;
    readonly servers: readonly HandedOver[];
  };
  /** Start at boot. */
  readonly enableUnit: boolean;
  /** For the runtime socket, after a reload. */
  readonly after: readonly string[];
  /** The server whose connections end in older processes as well. */
  readonly endOlder?: string;
}

/** Seconds a reload or a start may take: the new process binds its ports within a second. */
const reloadSeconds = 15;

const checkNewFile = (newDigest: string): string => `new="$file.quorate.$$"
if [ -e "$file" ]; then cp -p "$file" "$new"; else : > "$new"; chmod 644 "$new"; fi
cat > "$new"
# a connection that ends half-way looks like the end of the input
[ "$(digest "$new")" = ${newDigest} ] || { section cut; finish; }
if said=$(haproxy -c -f "$new" 2>&1); then :; else section invalid; printf '%s\\n' "$said"; finish; fi
sync "$new"
`;

// The unit's reload only signals the master process: what runs is known from the socket alone, and that it is another
// process than before by its id, as the revision may be the same.
// A unit that failed to start too often is not started again before that is forgotten.
const reload = (revision: string): string => `section reload
past=$(worker)
loaded() {
  ask 'show info' 2>/dev/null | awk -v past="$past" '/^Pid: / { pid = $2 } sub(/^[Dd]escription: quorate /, "") { revision = $0 }
    END { exit !(pid != "" && pid != past && revision == "${revision}") }'
}
hand_over
systemctl reset-failed haproxy 2>/dev/null || true
systemctl reload-or-restart haproxy 2>&1 || true
tries=0
until loaded; do
  tries=$((tries + 1))
  if [ "$tries" -ge ${reloadSeconds * 5} ] || systemctl is-failed -q haproxy; then
    section journal
    journalctl -u haproxy -n 15 -o cat --no-pager 2>/dev/null || true
    break
  fi
  sleep 0.2
done
taken_over
`;

const askFor = (section: string, commands: readonly string[]): string =>
  commands.length === 0 ? '' : `section ${section}\nask ${quote(commands.join(';'))} 2>&1 || true\n`;

const endOlder = (server: string): string => `await_master
section held
older_processes || true
end_older ${quote(server)}
section older
older_processes || true
`;

/**
 * Does what was decided, unless the file is no longer the one that the decision was made on (section `changed`).
 * Ends with a new reading of the socket (section `runtime`).
 */
// The state file for starts is there before a file that names a new server, and again however the script ends.
export const writeScript = (mark: string, write: Write): string => `set -eu
${prelude(mark)}
${olderFunctions(write.backend)}
${stateFunctions(write.backend, write.stateAtStart, write.reload?.servers)}
new=
handed=
tidy() {
  rm -f "$state.quorate.$$"
  [ -z "$new" ] || rm -f "$new"
  [ -z "$handed" ] || taken_over
}
trap tidy EXIT
trap 'exit 1' HUP INT PIPE TERM
exec 9> /run/quorate-haproxy.lock
flock -w 30 9 || { section changed; finish; }
[ "$(digest "$file")" = '${write.expectedDigest}' ] || { section changed; finish; }
${write.newDigest === undefined ? '' : checkNewFile(write.newDigest)}
${write.putState ? 'at_start' : ''}
${write.newDigest === undefined ? '' : 'mv -f "$new" "$file"'}
${write.enableUnit ? 'section boot\nsystemctl enable -q haproxy 2>&1 || true' : ''}
${askFor('before', write.before)}
${write.reload === undefined ? '' : reload(write.reload.to)}
${askFor('after', write.after)}
${write.endOlder === undefined ? '' : endOlder(write.endOlder)}
section runtime
ask ${quote(runtimeQuery)} 2>&1 || true
finish
`;
