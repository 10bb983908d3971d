import { quote } from '../ssh/quote.js';
import { runtimeQuery } from './runtime.js';
import { prelude } from './script-prelude.js';

/**
 * Watches the health of a server in five looks a second: section `up` as soon as a check has succeeded, `late` after `seconds`;
 * either ends with a reading of the socket. For HAProxy a server counts as UP that was never checked, or not since it
 * left maintenance (`UP 1/2`, with the result from before), but not here.
 */
export const waitScript = (mark: string, backend: string, name: string, seconds: number): string => `${prelude(mark)}
read -r now _ < /proc/uptime
end=$((\${now%%.*} + ${seconds}))
outcome=late
while :; do
  if ask 'show stat' 2>/dev/null | awk -F , -v backend=${quote(backend)} -v server=${quote(name)} '
    /^# / { sub(/^# /, ""); for (i = 1; i <= NF; i++) column[$i] = i; next }
    $column["pxname"] "" == backend && $column["svname"] "" == server &&
      $column["status"] == "UP" && $column["check_status"] ~ /L[467]OK/ { up = 1 }
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
