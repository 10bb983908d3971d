import { QuorateError } from '../../model/failures/failure.js';
import { requireSuccess } from '../ssh/execute.js';
import { newMark, parseSections } from '../script/sections.js';
import type { Host } from '../ssh/types.js';
import { configurationFile, parseOwner, parseServers, type Server } from './configuration.js';
import { parseOlder, type OlderProcesses } from './older-processes.js';
import { readScript } from './read-script.js';
import { parseRuntime, type Runtime } from './runtime.js';

/** HAProxy on one host, as one command shows it. */
export interface Reading {
  readonly installed: boolean;
  /** A program on the host can talk to HAProxy's socket. */
  readonly reachable: boolean;
  /** systemctl is-active says `active` (or `reloading`). */
  readonly active: boolean;
  readonly startsAtBoot: boolean;
  /** sha256 of the configuration file; empty when there is none. */
  readonly digest: string;
  /** sha256 of the server-state file; empty when there is none, or when it is that of a reload that was cut short. */
  readonly stateDigest: string;
  /** What processes from before a reload hold; empty where the file is not ours. */
  readonly older: OlderProcesses;
  /** The servers of a file that Quorate wrote; absent when it did not. */
  readonly servers: readonly Server[] | undefined;
  /** Cluster that such a file belongs to; absent when it does not say. */
  readonly owner?: string;
  /** Section lines of a file that somebody else wrote; the package's own file has none. */
  readonly foreignSections: readonly string[];
  /** Absent when the socket did not answer. */
  readonly runtime: Runtime | undefined;
  /** What came instead of an answer of the socket. */
  readonly runtimeError: string;
}

const linesOf = (text: string | undefined): string[] =>
  (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const cutShort = (host: Host): QuorateError =>
  new QuorateError('CommandFailed', `the output of a script on ${host.name} is not whole`, {
    host: host.name,
    remedy: `retry; if it happens again, see what \`ssh ${host.name} true\` prints besides`,
  });

/** The parts of what a script for a load balancer printed. */
export const sectionsOf = (host: Host, stdout: string, mark: string): Map<string, string> => {
  const sections = parseSections(stdout, mark);
  if (!sections.has('end')) throw cutShort(host);
  return sections;
};

/** What came instead of an answer of the socket, in one line. */
export const runtimeErrorOf = (text: string | undefined): string =>
  (linesOf(text).at(-1) ?? '').replace(/^.* socat\[\d+\] E /, '').slice(0, 200);

const digestOf = (text: string | undefined): string => {
  const digest = linesOf(text)[0] ?? '';
  return /^[0-9a-f]{64}$/.test(digest) ? digest : '';
};

const parseReading = (sections: Map<string, string>, backend: string): Reading => {
  const [active = '', enabled = ''] = linesOf(sections.get('unit'));
  const managed = sections.get('managed');
  const owner = parseOwner(managed ?? '');
  const runtime = parseRuntime(sections.get('runtime') ?? '', backend);
  return {
    installed: linesOf(sections.get('program')).length > 0,
    reachable: linesOf(sections.get('client')).length > 0,
    active: active === 'active' || active === 'reloading',
    startsAtBoot: enabled !== 'disabled',
    digest: digestOf(sections.get('digest')),
    stateDigest: digestOf(sections.get('state')),
    older: parseOlder(sections.get('older')),
    servers: managed === undefined ? undefined : parseServers(managed),
    ...(owner === undefined ? {} : { owner }),
    foreignSections: linesOf(sections.get('foreign')),
    runtime,
    runtimeError: runtime === undefined ? runtimeErrorOf(sections.get('runtime')) : '',
  };
};

/**
 * Reads HAProxy on a host; nothing is changed.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const readHaproxy = async (host: Host, backend: string): Promise<Reading> => {
  const mark = newMark();
  const outcome = await host.run(readScript(mark, backend), { maxOutputBytes: 2 ** 20 });
  return parseReading(sectionsOf(host, requireSuccess(host, 'reading HAProxy', outcome), mark), backend);
};

/**
 * Refuses a host whose HAProxy is the load balancer of another cluster: its endpoint would die.
 * @throws QuorateError ClusterMismatch
 */
export const requireOwn = (host: Host, { owner }: Reading, cluster: string): void => {
  if (owner === undefined || owner === cluster) return;
  throw new QuorateError(
    'ClusterMismatch',
    `HAProxy on ${host.name} is the load balancer of ${owner}, not of ${cluster}: ${configurationFile} there says so`,
    {
      host: host.name,
      remedy: `name another host in spec.loadBalancer.hosts, or correct spec.hosts.ssh. When ${owner} is gone for good, \`mv ${configurationFile} ${configurationFile}.${owner}\` on ${host.name}, then retry`,
      evidence: [`${configurationFile}: # cluster ${owner}`],
    },
  );
};

/**
 * Refuses a host on which HAProxy cannot be configured, or must not be.
 * @throws QuorateError HostUnsuitable
 */
export const requireConfigurable = (host: Host, reading: Reading): void => {
  const unsuitable = (message: string, remedy: string, evidence: readonly string[] = []): QuorateError =>
    new QuorateError('HostUnsuitable', message, { host: host.name, remedy, evidence });
  if (!reading.installed) {
    throw unsuitable(
      `HAProxy is not installed on ${host.name}`,
      `\`apt-get install haproxy\` on ${host.name}, then retry`,
    );
  }
  if (!reading.reachable) {
    throw unsuitable(
      `nothing on ${host.name} can talk to HAProxy's runtime socket`,
      `\`apt-get install socat\` on ${host.name} (perl, python3 or OpenBSD's nc will do too), then retry`,
    );
  }
  if (reading.servers === undefined && reading.foreignSections.length > 0) {
    throw unsuitable(
      `${configurationFile} on ${host.name} was not written by Quorate and is in use, so it is left alone`,
      `hand it over with \`mv ${configurationFile} ${configurationFile}.before-quorate\` on ${host.name} and retry, or keep it and set spec.loadBalancer.kind: external`,
      reading.foreignSections,
    );
  }
};
