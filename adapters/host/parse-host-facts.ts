import { QuorateError } from '../../model/failures/failure.js';
import { HostFacts } from '../../model/facts/host-facts.js';
import type { KubeconfigFacts, ListenerFacts, UnitFacts } from '../../model/facts/host-facts.js';
import { parseAddress, sameAddress } from '../../model/network-address.js';
import { linkPattern } from '../../model/reset/traces.js';
import type { z } from 'zod';
import { parseRunningUnits } from '../systemd/running-units.js';
import { caHashOfPem } from './ca-hash.js';
import { readKubeconfig } from './kubeconfig.js';
import { splitPieces } from './pieces.js';
import type { Pieces } from './pieces.js';

type Unit = z.infer<typeof UnitFacts>;
type Listener = z.infer<typeof ListenerFacts>;
type Kubeconfig = z.infer<typeof KubeconfigFacts>;

const cniLink = new RegExp(linkPattern);

const parseClock = (pieces: Pieces, piece: string): number => {
  // A date without %N (busybox) leaves whole seconds: their middle is the best guess.
  const digits = /^(\d{9,12}?)(?:(\d{9})$|\D|$)/.exec(pieces.required(piece));
  if (digits === null) return pieces.number(piece, /^(\d{19})$/);
  return Number(digits[1]) * 1000 + (digits[2] === undefined ? 500 : Math.round(Number(digits[2]) / 1e6));
};

const parseUnits = (lines: readonly string[]): Map<string, Unit> => {
  const units = new Map<string, Unit>();
  for (const block of lines.join('\n').split(/\n\n+/)) {
    const properties = new Map(
      block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const id = properties.get('Id');
    if (id === undefined) continue;
    const load = properties.get('LoadState') ?? '';
    units.set(id, {
      enabled: load === 'loaded' ? properties.get('UnitFileState') || 'unknown' : load || 'unknown',
      active: properties.get('ActiveState') || 'unknown',
    });
  }
  return units;
};

const parseListeners = (values: readonly string[]): Listener[] => {
  const listeners = new Map<string, Listener>();
  for (const value of values) {
    const match = /^(\d+) (\d+) (\S+) (.*)$/.exec(value);
    if (match === null) continue;
    const [, port, pid, unit, process] = match;
    // A dual-stack listener shows up once per address family.
    listeners.set(`${port} ${pid}`, {
      port: Number(port),
      process: process ?? '',
      pid: Number(pid),
      ...(unit === '-' || unit === undefined ? {} : { unit }),
    });
  }
  return [...listeners.values()].sort((a, b) => a.port - b.port || a.pid - b.pid);
};

/** Free MiB by path asked for: each is on the file system of its nearest existing parent. */
const parseDisks = (pieces: Pieces): Record<string, number> => {
  const free = new Map<string, number>();
  for (const value of pieces.values('disk')) {
    const match = /^(\d+) (\d+) (.+)$/.exec(value);
    if (match !== null) free.set(match[3] ?? '', Math.floor((Number(match[1]) * Number(match[2])) / 2 ** 20));
  }
  const found: Record<string, number> = {};
  for (const value of pieces.values('disk-of')) {
    const [asked = '', existing = ''] = value.split(' ');
    const megabytes = free.get(existing);
    if (megabytes !== undefined) found[asked] = megabytes;
  }
  return found;
};

interface Addresses {
  readonly addresses: string[];
  readonly mtu?: number;
}

const parseAddresses = (pieces: Pieces, declared: string): Addresses => {
  const mtus = new Map(
    pieces.values('link').map((value) => [value.slice(value.indexOf(' ') + 1), Number.parseInt(value, 10)] as const),
  );
  const addresses: string[] = [];
  let mtu: number | undefined;
  for (const value of pieces.values('address')) {
    const match = /^\d+: (\S+)\s+inet6? ([^\s/]+)/.exec(value);
    const address = match?.[2];
    const parsed = address === undefined ? undefined : parseAddress(address);
    if (address === undefined || parsed === undefined || / scope (host|link) /.test(value)) continue;
    addresses.push(address);
    if (sameAddress(address, declared)) mtu = mtus.get(match?.[1] ?? '');
  }
  return { addresses, ...(mtu === undefined ? {} : { mtu }) };
};

interface Kubeconfigs {
  readonly kubeconfigs: Kubeconfig[];
  readonly homeKubeconfigs: Kubeconfig[];
  readonly pkiCaHash?: string;
}

/** Groups the lines of each kubeconfig and of each CA file, which stand below the line that names the file. */
const parseKubeconfigs = (pieces: Pieces): Kubeconfigs => {
  const texts = new Map<string, string>();
  const caFiles = new Map<string, string>();
  let file = '';
  for (const [piece, value] of pieces.all) {
    if (piece === 'kubeconfig' || piece === 'ca-file') file = value;
    if (piece === 'kubeconfig') texts.set(file, '');
    if (piece === 'kubeconfig-line') texts.set(file, `${texts.get(file) ?? ''}${value}\n`);
    if (piece === 'ca-pem') caFiles.set(file, `${caFiles.get(file) ?? ''}${value}\n`);
  }
  const read = [...texts].map(([path, text]) => readKubeconfig(path, text, caFiles));
  const pki = caFiles.get('/etc/kubernetes/pki/ca.crt');
  const pkiCaHash = pki === undefined ? undefined : caHashOfPem(pki);
  return {
    kubeconfigs: read.filter((entry) => entry.file.startsWith('/etc/kubernetes/')),
    homeKubeconfigs: read.filter((entry) => !entry.file.startsWith('/etc/kubernetes/')),
    ...(pkiCaHash === undefined ? {} : { pkiCaHash }),
  };
};

const parseVersions = (pieces: Pieces): HostFacts['versions'] => {
  const runtime = pieces.first('runtime') ?? '';
  const found = {
    kubeadm: /^v\S+/.exec(pieces.first('kubeadm') ?? '')?.[0],
    kubelet: /^Kubernetes (v\S+)/.exec(pieces.first('kubelet') ?? '')?.[1],
    kubectl: /^Client Version: (v\S+)/.exec(pieces.first('kubectl') ?? '')?.[1],
    // VersionResponse: field 2 runtime_name, field 3 runtime_version, field 4 whose tag is `"`; `|` stands for unprintable bytes.
    containerd:
      /containerd\|\|v?(\d[^|"]*)["|]/.exec(runtime)?.[1] ??
      /^containerd \S+ v?(\d\S*)/.exec(pieces.first('containerd') ?? '')?.[1],
  };
  return Object.fromEntries(Object.entries(found).filter(([, version]) => version !== undefined));
};

const parseMarker = (text: string | undefined): unknown => {
  try {
    // A marker that was cut short proves nothing, so the host counts as not ours.
    return text === undefined ? undefined : HostFacts.shape.marker.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

const parseOs = (lines: readonly string[]): string => {
  const values = new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  const text = values.get('PRETTY_NAME') ?? values.get('NAME') ?? values.get('ID') ?? 'unknown';
  return text.replaceAll(/^["']|["']$/g, '');
};

/** The first manifest counts: a host has one kube-vip. */
const parseKubeVip = (value: string | undefined): Pick<HostFacts, 'kubeVip'> => {
  const [, file, kubeconfig] = /^(\S+) (\S+)$/.exec(value ?? '') ?? [];
  return file === undefined || kubeconfig === undefined ? {} : { kubeVip: { file, kubeconfig } };
};

interface Files {
  readonly cniFiles: string[];
  readonly unlistedCniFiles?: number;
  readonly fileVersions?: Record<string, string>;
}

/** `<bytes> <seconds> <path>`, the path without its leading slash. */
const parseVersion = (value: string): [path: string, version: string] => {
  const [, version = '', path = ''] = /^(\d+ \d+) (.*)$/.exec(value) ?? [];
  return [`/${path.replaceAll(/\/+/g, '/')}`, version];
};

const parseFiles = (pieces: Pieces): Files => {
  const cni = pieces.values('cni-file').map(parseVersion);
  const all = [...cni, ...pieces.values('login-kubeconfig').map(parseVersion)];
  const unlisted = pieces.first('cni-files-unlisted');
  return {
    cniFiles: cni.map(([path]) => path),
    ...(unlisted === undefined ? {} : { unlistedCniFiles: Number(unlisted) }),
    ...(all.length === 0 ? {} : { fileVersions: Object.fromEntries(all) }),
  };
};

/** Links of a node's folders that lead to no folder, as `FOLDER -> TARGET`. */
const parseAstray = (pieces: Pieces): Pick<HostFacts, 'brokenLinks'> => {
  const links = pieces.values('astray').map((value) => value.replace(' ', ' -> '));
  return links.length === 0 ? {} : { brokenLinks: links };
};

export interface Reading {
  /** Host's name in the specification, for errors. */
  readonly host: string;
  /** What the script of `readHostScript` printed. */
  readonly stdout: string;
  /** Address that the cluster uses for the host. */
  readonly address: string;
  /** The worker's clock before the command began and after it ended, milliseconds since the epoch. */
  readonly before: number;
  readonly after: number;
}

/**
 * Facts about a host from what the script printed.
 * @throws QuorateError CommandFailed that names the piece which is missing or makes no sense.
 */
export const parseHostFacts = ({ host, stdout, address, before, after }: Reading): HostFacts => {
  const what = 'reading the host';
  const pieces = splitPieces(host, what, stdout);
  const [kernel = '', architecture = ''] = pieces.required('uname').split(' ');
  const units = parseUnits(pieces.values('unit'));
  const noUnit: Unit = { enabled: 'unknown', active: 'unknown' };
  const runtime = pieces.first('runtime') ?? '';
  const runningUnits = parseRunningUnits(pieces.all.map(([piece, value]) => `${piece} ${value}`).join('\n'), host);
  const kubeletFiles = pieces.values('kubelet-file').map((file) => `/${file.replaceAll(/\/+/g, '/')}`);
  const marker = parseMarker(pieces.first('marker'));
  // As NTP does it: two stamps of the host between two of the worker, so that the time the script takes drops out.
  const offset = (parseClock(pieces, 'began') - before + (parseClock(pieces, 'ended') - after)) / 2;
  const facts = HostFacts.safeParse({
    hostname: pieces.required('hostname'),
    machineId: pieces.first('machine-id') ?? '',
    bootId: pieces.required('boot-id'),
    os: parseOs(pieces.values('os')),
    kernel,
    architecture,
    cpus: pieces.number('cpus', /^(\d+)$/),
    memoryMiB: Math.floor(pieces.number('memory', /^MemTotal:\s+(\d+) kB/) / 1024),
    cgroupVersion: pieces.number('cgroup', /^([12])$/),
    swapOn: pieces.values('swap').length > 0,
    ...parseAddresses(pieces, address),
    diskFreeMiB: parseDisks(pieces),
    clockOffsetMs: Math.round(offset),
    versions: parseVersions(pieces),
    runtimeReady: /grpc-status: 0\b/.test(runtime) || pieces.first('runtime-socket') === 'answers',
    sysctls: Object.fromEntries(
      pieces
        .values('sysctl')
        .map((value) => value.split(' '))
        .filter(([name, setting]) => name !== '' && setting !== undefined),
    ),
    kubelet: units.get('kubelet.service') ?? noUnit,
    containerd: units.get('containerd.service') ?? noUnit,
    listeners: parseListeners(pieces.values('listener')),
    kubernetesFiles: pieces.values('kubernetes-file').map((file) => `/${file.replaceAll(/\/+/g, '/')}`),
    ...parseKubeVip(pieces.first('kube-vip')),
    ...parseKubeconfigs(pieces),
    etcdDataPresent: pieces.first('etcd-data') !== undefined,
    kubeletStatePresent: pieces.values('kubelet-state').length > 0,
    ...(kubeletFiles.length === 0 ? {} : { kubeletFiles }),
    ...parseFiles(pieces),
    ...parseAstray(pieces),
    cniLinks: pieces
      .values('link')
      .map((value) => value.slice(value.indexOf(' ') + 1))
      .filter((name) => cniLink.test(name)),
    packetFilterRules: pieces.number('rules', /^(\d+)$/),
    kubeletMounts: pieces.values('mount'),
    ...(marker === undefined ? {} : { marker }),
    identity: pieces.values('identity'),
    ...(runningUnits.length === 0 ? {} : { runningUnits }),
    foreignServerAnswers: Object.fromEntries(
      pieces.values('answers').map((value) => [value.slice(value.indexOf(' ') + 1), value.startsWith('yes ')]),
    ),
  });
  if (facts.success) return facts.data;
  const issue = facts.error.issues[0];
  throw new QuorateError(
    'CommandFailed',
    `${what} on ${host}: ${issue?.path.join('.')} makes no sense: ${issue?.message}`,
    {
      host,
      remedy: `see why ${host} answers so, mend it, then retry`,
      evidence: facts.error.issues.map((one) => `${one.path.join('.')}: ${one.message}`),
      cause: facts.error,
    },
  );
};
