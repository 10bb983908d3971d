/** What an operator or Quorate ordered for a server; health is another matter. */
export type AdminState = 'ready' | 'drain' | 'maint';

export interface RunningServer {
  readonly name: string;
  /** IP address without brackets and port. */
  readonly address: string;
  readonly admin: AdminState;
  /**
   * HAProxy's words: UP, UP 1/2, DOWN, MAINT, DRAIN, NOLB, no check; `not checked yet` where it says UP of a server of which no
   * check has succeeded since it began or left maintenance.
   */
  readonly status: string;
  /** Such as "L7OK 200", "L4CON (Connection refused)"; empty before the first check. */
  readonly lastCheck: string;
  readonly sessions: number;
}

/** A running HAProxy as its socket shows it. */
export interface Runtime {
  readonly version: string;
  /** Of the configuration that it runs; absent when that is not one of ours. */
  readonly revision: string | undefined;
  readonly servers: readonly RunningServer[];
}

/** The commands whose answers `parseRuntime` reads; one round trip. */
export const runtimeQuery = 'show info;show servers state;show stat';

/** One line of comma-separated values, where a quoted value may hold commas and doubled quotes. */
export const parseCsvLine = (line: string): string[] =>
  [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );

// SRV_ADMF_* of HAProxy (management.txt, "show servers state"): 0x01 forced, 0x02 inherited, 0x20 by name resolution;
// 0x04 only says that the configuration file had `disabled` once.
const maintBits = 0x01 | 0x02 | 0x20;
const drainBits = 0x08 | 0x10;

const adminOf = (flags: number): AdminState =>
  (flags & maintBits) !== 0 ? 'maint' : (flags & drainBits) !== 0 ? 'drain' : 'ready';

/** Columns by name, as their number grows with each version of HAProxy. */
const rowsOf = (lines: readonly string[], header: string, split: (line: string) => string[]): Map<string, string>[] => {
  const start = lines.findIndex((line) => line.startsWith(`# ${header}`));
  if (start === -1) return [];
  const columns = split((lines[start] ?? '').slice(2));
  const rows: Map<string, string>[] = [];
  for (const line of lines.slice(start + 1)) {
    if (line.trim() === '') break;
    rows.push(new Map(split(line).map((value, index) => [columns[index] ?? '', value])));
  }
  return rows;
};

const withoutPort = (place: string): string => place.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');

// With `rise 1` a check that passes makes a server UP at once. So `UP 1/2` is on its way down after a check that failed,
// and after one that passed it came out of maintenance since.
const statusOf = (row: Map<string, string>): string => {
  const status = row.get('status') ?? '';
  const check = (row.get('check_status') ?? '').replace(/^\* /, '');
  const passed = /^L[467]OK/.test(check);
  const proven = status === 'UP' ? passed : !passed && check !== '' && check !== 'INI';
  return status.startsWith('UP') && !proven ? 'not checked yet' : status;
};

const lastCheckOf = (row: Map<string, string>): string => {
  const result = (row.get('check_status') ?? '').replace(/^\* /, '');
  if (result === '' || result === 'INI') return '';
  // 0: from before a reload, which hands over the result but no code.
  const code = (row.get('check_code') ?? '').replace(/^0$/, '');
  const words = /^L[467]OK/.test(result) ? '' : row.get('last_chk') || row.get('check_desc') || '';
  return [result, code, words === '' ? '' : `(${words})`].filter((part) => part !== '').join(' ');
};

/** The answer to `runtimeQuery`; undefined when it is none, as when the socket did not answer. */
export const parseRuntime = (text: string, backend: string): Runtime | undefined => {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const info = (key: string): string | undefined =>
    lines.find((line) => line.toLowerCase().startsWith(`${key}: `))?.slice(key.length + 2);
  const version = info('version');
  const stat = rowsOf(lines, 'pxname', parseCsvLine);
  if (version === undefined || stat.length === 0) return undefined;
  const flags = new Map(
    rowsOf(lines, 'be_id', (line) => line.split(' '))
      .filter((row) => row.get('be_name') === backend)
      .map((row) => [row.get('srv_name'), Number(row.get('srv_admin_state'))]),
  );
  return {
    version,
    revision: /^quorate ([0-9a-f]+)$/.exec(info('description') ?? '')?.[1],
    servers: stat
      .filter((row) => row.get('pxname') === backend && row.get('type') === '2')
      .map((row) => ({
        name: row.get('svname') ?? '',
        address: withoutPort(row.get('addr') ?? ''),
        admin: adminOf(flags.get(row.get('svname')) ?? 0),
        status: statusOf(row),
        lastCheck: lastCheckOf(row),
        sessions: Number(row.get('scur') ?? '0'),
      })),
  };
};
