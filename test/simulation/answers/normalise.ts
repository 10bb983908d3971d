import { createHash } from 'node:crypto';
import type { RawAnswer } from './recorder.js';

/** What a host answered, with everything replaced that is another one each time, and everything secret. */
export interface Answer {
  readonly section: string;
  readonly host: string;
  readonly sender: string;
  /** Fingerprint of the command, without what varies; empty for what is no command. */
  readonly command: string;
  /** `exited 0`, `signaled TERM`, ... */
  readonly end: string;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

type Rule = readonly [pattern: RegExp, replacement: string];

/** Texts over several lines, first of all. */
const blocks: readonly Rule[] = [
  // A PEM block with the same words before each line, as read-host prints it.
  [/^(.*)-----BEGIN ([A-Z ]+)-----\n(?:\1.*\n)*?\1-----END \2-----/gm, '$1<$2>'],
  [/quorate-[0-9a-f]{24}/g, '<mark>'],
];

const words: readonly Rule[] = [
  [/\b10\.203\.\d+\./g, '10.203.0.'],
  [/\beyJ[\w-]+\.[\w-]*\.[\w-]+/g, '<jws>'],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '<token>'],
  [/\b(bootstrap-token-|jws-kubeconfig-|system:bootstrap:|"tokenId" ?[:=] ?")[a-z0-9]{6}\b/g, '$1<token id>'],
  [/\b(revoked )[a-z0-9]{6}(?:, [a-z0-9]{6})*/g, '$1<token ids>'],
  [/(?<![0-9a-f-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>'],
  [/\b[0-9a-f]{64}\b/g, '<sha256>'],
  [/\b[0-9a-f]{40}\b/g, '<hex40>'],
  [/\b[0-9a-f]{32}\b/g, '<hex32>'],
  [/[A-Za-z0-9+/]{60,}={0,2}/g, '<base64>'],
  [/\b(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{13,16}\b/g, '<id>'],
  [/\b[0-9]{16,20}\b/g, '<id>'],
  [/\b(listener \d+) \d+ cri-containerd-\S+\.scope/g, '$1 <pid> cri-containerd-<id>.scope'],
  [/\b(listener \d+) \d+ /g, '$1 <pid> '],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)/g, '<time>'],
  [/\b\d{8}T\d{6}Z\b/g, '<time>'],
  [/\b\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\b/g, '<time>'],
  // identity of a host: inode, time and size of a file, or inode and time of birth of a folder
  [/(\/(?:etc\/kubernetes\/[\w./-]+|var\/lib\/etcd\/member)) \d+:[\d.?-]+(?::\d+)?/g, '$1 <version>'],
  [/\b1[78]\d{8}(?:\.\d+)?\b/g, '<time>'],
  [/(does not match the ResourceVersion in record) \(\d+\)/g, '$1 (<n>)'],
  [/\b(socat|haproxy)\[\d+\]/g, '$1[<pid>]'],
  [/\bbash: line \d+:/g, 'bash: line <line>:'],
  [/\bfe80::[0-9a-f:]+/g, 'fe80::<id>'],
  // curl: status and time in seconds
  [/^(\d{3}) \d+\.\d+$/g, '$1 <duration>'],
  // read-host: size and time of a file
  [/^(cni-file|login-kubeconfig) \d+ (?:\d+|<time>) /g, '$1 <version> '],
  // read-host: what the machine below the hosts has
  [/^(memory MemTotal:) +\d+/g, '$1 <kB>'],
  [/^uname \S+/g, 'uname <kernel>'],
  [/^(disk) \d+ \d+ /g, '$1 <blocks> '],
  // klog: level, date, time, process, place
  [/^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ([\w.-]+):\d+\]/g, '$1 <time> $2]'],
  [/\b\d+\.\d+(?:e-?\d+)? ?(?:ms|µs|s)\b/g, '<duration>'],
  [/\b\d+ ?ms\b/g, '<duration>'],
  [/\bpid[ =]\d+/g, 'pid <pid>'],
  [/\b(csr|kube-api-access)-[a-z0-9]{5}\b/g, '$1-<id>'],
  [/\bnode-csr-[\w-]{20,}/g, 'node-csr-<id>'],
  [/^(removed nftables:) \d+/g, '$1 <n>'],
  [/\b10\.244\.\d+\.0\/24\b/g, '10.244.<n>.0/24'],
  [/\b(\d+\.\d+\.\d+\.\d+):\d{5}->/g, '$1:<port>->'],
  [/^(\[[A-Z]+\] +\()\d+\) :/g, '$1<pid>) :'],
  [/(:53: )(?:read: connection refused|i\/o timeout)/g, '$1<no answer>'],
  [/ +<id>/g, ' <id>'],
  [/^(rules) [1-9]\d*$/g, '$1 <n>'],
  [/\brevision \d+, \d+ keys, \d+\.\d MiB/g, 'revision <n>, <n> keys, <n> MiB'],
  // a snapshot: its process, its revision and size
  [/\b(quorate-snapshot-)\d+/g, '$1<pid>'],
  [/^\d+ \d{5,} (\d+ \d+ \d+)$/g, '<n> <bytes> $1'],
  [/^1[78]\d{11}$/g, '<time>'],
  // Connections of real clients outlive a reload of HAProxy; simulated ones end with their answer.
  [/; ended \d+ connections? to \S+ that older processes of HAProxy on \S+ held/g, ''],
];

/** Numbers that count what has happened so far, by the program that prints them. */
const counts: readonly Rule[] = [
  [/^(LogSize)=\d+$/g, '$1=<bytes>'],
  // HAProxy's `show info`
  [
    /^((?:Pid|Uptime|Uptime_sec|\w*MB|Ulimit-n|Pool\w*|[A-Z]\w*(?:conn|Conns|Req|Rate|pct|BpsIn|BpsOut|Out|sock)|Tasks|Jobs|Idle_pct|Listeners|Run_queue)): .*$/g,
    '$1: <n>',
  ],
];
const countedPaths =
  /\.(revision|raft_term|raftTerm|raftIndex|raftAppliedIndex|dbSize|dbSizeInUse|dbSizeQuota|hash|totalKey|totalSize|resourceVersion|ageSeconds|leaseTransitions|residualTime)$/;

/** Lines of one kind that come in whatever order: those next to each other are sorted. */
const unordered = [
  /^kubernetes-file /,
  /^cni-file /,
  /^kubelet-state /,
  /^present /,
  /^listener /,
  /^<id>, (un)?started/,
  /^mount /,
  /^answers /,
  /^answer \d/,
  /^(dial|dialling|dialled|mtu) /,
  /^\[certs\] (Generating|\S+ serving cert)/,
  /^\[control-plane-check\] .* is healthy/,
];

const sortRuns = (lines: readonly string[]): string[] => {
  const kindOf = (line: string): number => unordered.findIndex((one) => one.test(line));
  const result: string[] = [];
  for (let at = 0; at < lines.length;) {
    const kind = kindOf(lines[at] ?? '');
    let end = at + 1;
    while (kind !== -1 && end < lines.length && kindOf(lines[end] ?? '') === kind) end += 1;
    const run = lines.slice(at, end).toSorted();
    // Pods of one kind may be several.
    result.push(...(kind === -1 ? run : [...new Set(run)]));
    at = end;
  }
  return result;
};

const apply = (text: string, rules: readonly Rule[]): string =>
  rules.reduce((result, [pattern, replacement]) => result.replaceAll(pattern, replacement), text);

const normaliseWords = (text: string): string => apply(apply(text, words), counts);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Name of an element of a list, which is better than its place. */
const keyOf = (value: unknown, index: number): string => {
  if (!isObject(value)) return String(index);
  const metadata = isObject(value['metadata']) ? value['metadata'] : {};
  const spec = isObject(value['spec']) ? value['spec'] : {};
  if (typeof spec['username'] === 'string') return normaliseWords(`${String(metadata['name'])} of ${spec['username']}`);
  const [url] = Array.isArray(value['peerURLs']) ? (value['peerURLs'] as unknown[]) : [];
  const named = metadata['name'] ?? value['name'] ?? value['type'] ?? value['key'] ?? value['host'] ?? url;
  return typeof named === 'string' && named !== '' ? normaliseWords(named) : String(index);
};

/** One line `path = value` for each value of an object, in the order of the paths. */
const flatten = (value: unknown, path = ''): string[] => {
  if (Array.isArray(value))
    return value.length === 0
      ? [`${path} = []`]
      : value
          .map((element, index) => [keyOf(element, index), element] as const)
          .toSorted(([a], [b]) => (/^\d+$/.test(a) || a === b ? 0 : a < b ? -1 : 1))
          .map(([key, element]) => flatten(element, `${path}[${key}]`))
          // Several may be the same but for what is replaced.
          .filter((lines, index, all) => index === 0 || lines.join('\n') !== all[index - 1]?.join('\n'))
          .flat();
  if (isObject(value)) {
    const keys = Object.keys(value).toSorted();
    return keys.length === 0
      ? [`${path} = {}`]
      : keys.flatMap((key) => flatten(value[key], `${path}.${normaliseWords(key)}`));
  }
  if (countedPaths.test(path)) return [`${path} = <n>`];
  if (typeof value !== 'string') return [`${path} = ${normaliseWords(JSON.stringify(value))}`];
  const lines = normaliseLines(value);
  return lines.length < 2 ? [`${path} = ${JSON.stringify(lines[0] ?? '')}`] : lines.map((line) => `${path} | ${line}`);
};

/** What etcd's client logs, in one line. */
const logLine = (value: unknown): string[] | undefined => {
  if (!isObject(value) || value['logger'] !== 'etcd-client') return undefined;
  const { level, msg, method, error } = value;
  return [normaliseWords(['etcd-client:', level, msg, method, error].map(String).join(' '))];
};

const parsed = (text: string): { value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
};

/** Columns of HAProxy's tables whose numbers say something; the others count. */
const tellingColumns = new Set(
  'pxname svname status weight act bck iid sid type check_status check_code last_chk check_desc check_rise check_fall check_health addr mode algo uweight be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_check_status srv_check_result srv_check_health srv_check_state srv_port'.split(
    ' ',
  ),
);

/** While a check runs, the result of the one before it is half forgotten: as it was, and will be. */
const beforeCheck = (column: string, value: string, of: (column: string) => string): string => {
  if (column === 'check_status') return value.replace('* ', '');
  if (column === 'check_code') return /L7OK/.test(of('check_status')) ? '200' : value;
  if (column === 'srv_check_state') return '6';
  if (column === 'srv_check_result') return of('srv_check_status') === '15' ? '3' : '2';
  return value;
};

/** A row of a table of HAProxy's as one line for what says something, and one for which columns hold numbers. */
const tableRow = (columns: readonly string[], values: readonly string[]): string[] => {
  const of = (name: string): string => values[columns.indexOf(name)] ?? '';
  const row = columns.includes('pxname') ? `${of('pxname')}/${of('svname')}` : `${of('be_name')}/${of('srv_name')}`;
  const isChecking = of('check_status').startsWith('* ') || of('srv_check_state') === '7';
  const told = columns.flatMap((column, index) => {
    const value = values[index] ?? '';
    if (!tellingColumns.has(column) || value === '') return [];
    return [`${column}=${isChecking ? beforeCheck(column, value, of) : value}`];
  });
  const counted = columns.filter((column, index) => !tellingColumns.has(column) && /^-?\d+$/.test(values[index] ?? ''));
  return [`${row} ${told.join(' ')}`, `${row} counts ${counted.join(' ')}`];
};

/** HAProxy's tables, taken apart by their headers. */
const readTables = (lines: readonly string[]): string[] => {
  let columns: readonly string[] = [];
  let separator = ',';
  return lines.flatMap((line) => {
    if (/^# (pxname,|be_id )/.test(line)) {
      separator = line.startsWith('# be_id') ? ' ' : ',';
      columns = line.slice(2).split(separator);
      return [line];
    }
    if (line.trim() === '') columns = [];
    if (columns.length === 0) return [line];
    const values = line.split(separator);
    return values.length < 5 ? [line] : tableRow(columns, values);
  });
};

/** Lines, with every JSON object among them taken apart. */
export const normaliseLines = (text: string): string[] => {
  const lines = readTables(apply(text, blocks).split('\n'));
  if (lines.at(-1) === '') lines.pop();
  const result: string[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (/^[{[]/.test(line)) {
      // On one line, or until the line that closes it.
      const close = line.startsWith('{') ? /^\}$/ : /^\]$/;
      const end = lines.findIndex((one, at) => at > index && close.test(one));
      const single = parsed(line);
      const several = single === undefined && end !== -1 ? parsed(lines.slice(index, end + 1).join('\n')) : undefined;
      const found = single ?? several;
      if (found !== undefined) {
        result.push(...(logLine(found.value) ?? flatten(found.value)));
        if (single === undefined) index = end;
        continue;
      }
    }
    if (line.trim() !== '') result.push(normaliseWords(line));
  }
  return sortRuns(result);
};

const endOf = ({ end }: RawAnswer): string => {
  if (end.kind === 'exited') return `exited ${end.code}`;
  return end.kind === 'signaled' ? `signaled ${end.signal}` : end.kind;
};

/** What varies in a command from one time to the next is no part of it. */
const fingerprint = (script: string): string =>
  script === ''
    ? ''
    : createHash('sha256')
        .update(normaliseWords(apply(script, blocks)))
        .digest('hex')
        .slice(0, 12);

export const normalise = (raw: RawAnswer): Answer => ({
  section: raw.section,
  host: raw.host,
  sender: raw.sender,
  command: fingerprint(raw.script),
  end: endOf(raw),
  out: normaliseLines(raw.stdout),
  err: normaliseLines(raw.stderr),
});
