// What a HAProxy that starts or reloads knows of its servers. Without a state file it takes all of them for UP until a
// check has failed (management.txt, "show servers state"; server_state.c), and sends traffic to them.
import { quote } from '../ssh/quote.js';
import type { Configuration, Server } from './configuration.js';
import type { AdminState } from './runtime.js';

/** `server-state-file` of the configuration. It is always there: HAProxy warns of one that is not. */
export const stateFile = '/etc/haproxy/quorate-servers.state';

/**
 * What the state file is a link to while a reload is under way: as old as the reload, and below /run, so that no start
 * of the host finds what was true before it.
 */
const handedOver = '/run/quorate-haproxy.state';

// SRV_ADMF_CMAINT says that the configuration file has `disabled`. Where the state file says otherwise, HAProxy takes it
// for a change of the configuration and follows that: it has to be the same for a drain to last.
const adminFlags: Readonly<Record<AdminState, number>> = { ready: 0, drain: 0x04 | 0x08, maint: 0x01 | 0x04 };

// The 20 fields of version 1 up to srvrecord. HAProxy finds a server by the names alone, but takes the port from here.
const unchecked = (backend: string, { name, address, port, disabled }: Server): string =>
  `1 ${backend} 1 ${name} ${address} 0 ${adminFlags[disabled ? 'maint' : 'ready']} 1 1 0 1 0 0 6 0 0 0 - ${port} -`;

/**
 * The state file for every start, and for a reload by somebody else: no server is UP before a check of it has
 * succeeded. It says nothing of any time, so it cannot be old.
 */
export const stateAtStart = ({ backend, servers }: Pick<Configuration, 'backend' | 'servers'>): string =>
  `1\n# managed by quorate: no server is UP before its first check\n${servers
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((server) => `${unchecked(backend, server)}\n`)
    .join('')}`;

/** A server that a reload hands over to the new process. */
export interface HandedOver {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** What it is to be in the new process. */
  readonly admin: AdminState;
  /** Its address as the running HAProxy words it; absent for one that is new or was moved. */
  readonly runsAt?: string;
}

// Fields of `show servers state`: 4 name, 5 address, 6 operational state, 8 and 9 weights, 10 since, 11 number of the
// last check (1: none yet), 12 its result (0 while the next one is under way), 13 health, 14 whether checks are enabled,
// 19 port. UP with less than full health (`rise 1 fall 2`: 2) has failed its last check, or came out of maintenance and
// was not checked since: it waits for its first check, which is at once.
const program = `
$1 == "wanted" { names[++count] = $2; address[$2] = $3; runs[$2] = $4; port[$2] = $5; admin[$2] = $6; next }
NF >= 20 && ($4 in runs) && $5 == runs[$4] && $19 == port[$4] {
  isUp = $6 > 0 && $11 > 1 && $13 >= 2
  operational[$4] = isUp ? $6 : 0
  weights[$4] = $8 " " $9 " " $10
  check[$4] = $11 " " $12 " " (isUp ? $13 : 0) " " $14
}
END {
  print 1
  for (i = 1; i <= count; i++) {
    name = names[i]
    if (!(name in operational)) { operational[name] = 0; weights[name] = "1 1 0"; check[name] = "1 0 0 6" }
    print 1, backend, i, name, address[name], operational[name], admin[name], weights[name], check[name], 0, 0, 0, "-", port[name], "-"
  }
}`;

/** Functions of a shell: `at_start` puts the state file for starts in its place, `hand_over` that for a reload now. */
export const stateFunctions = (
  backend: string,
  atStart: string,
  servers: readonly HandedOver[] | undefined,
): string => `put_state() { chmod 644 "$state.quorate.$$"; sync "$state.quorate.$$"; mv -f "$state.quorate.$$" "$state"; }
at_start() {
  printf %s ${quote(atStart)} > "$state.quorate.$$"
  put_state
}
${servers === undefined ? '' : handOver(backend, servers)}`;

const handOver = (backend: string, servers: readonly HandedOver[]): string => `hand_over() {
  {
    printf '%s\\n' ${servers
      .map(({ name, address, port, admin, runsAt = '-' }) =>
        quote(`wanted ${name} ${address} ${runsAt} ${port} ${adminFlags[admin]}`),
      )
      .join(' ')}
    ask 'show servers state' 2>/dev/null || true
  } | awk -v backend=${quote(backend)} ${quote(program)} > ${handedOver}
  handed=yes
  chmod 644 ${handedOver}
  ln -sf ${handedOver} "$state.quorate.$$"
  mv -f "$state.quorate.$$" "$state"
}
taken_over() {
  at_start
  rm -f ${handedOver}
  handed=
}`;
