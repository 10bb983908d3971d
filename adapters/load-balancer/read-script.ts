import { quote } from '../ssh/quote.js';
import { managedHeader } from './configuration.js';
import { olderFunctions } from './older-processes.js';
import { runtimeQuery } from './runtime.js';
import { prelude } from './script-prelude.js';

/** Other sections than `global` and `defaults`: they are what a configuration is for. */
const foreignSections =
  '^[[:space:]]*(frontend|backend|listen|peers|resolvers|mailers|userlist|program|ring|cache|fcgi-app|http-errors|log-forward|crt-store)([[:space:]]|$)';

/**
 * Reads HAProxy's files, unit and sockets. Of a file that is not ours only the names of its sections leave the host, as
 * it may hold passwords.
 */
export const readScript = (mark: string, backend: string): string => `${prelude(mark)}
${olderFunctions(backend)}
section program
command -v haproxy || true
section client
echo "$client"
section unit
systemctl is-active haproxy 2>/dev/null || true
systemctl is-enabled haproxy 2>/dev/null || true
section digest
digest "$file"
section state
[ -L "$state" ] || digest "$state"
if [ "$(head -n 1 "$file" 2>/dev/null)" = ${quote(managedHeader)} ]; then
  section managed
  cat "$file"
  section older
  older_processes || true
else
  section foreign
  grep -E ${quote(foreignSections)} "$file" 2>/dev/null | head -n 10
fi
section runtime
ask ${quote(runtimeQuery)} 2>&1 || true
finish
`;
