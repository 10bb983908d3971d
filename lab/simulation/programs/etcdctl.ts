import { joinPath } from '../files/file-system.js';
import { decimal } from '../etcd/member.js';
import { etcdVersionOf } from '../etcd/server.js';
import { httpRequest, parseUrl } from '../network/http-client.js';
import type { HttpOutcome } from '../network/http-client.js';
import type { Process, Program } from '../system/process.js';
import { parseOptions } from '../text/input.js';
import type { Options } from '../text/input.js';

interface ListedMember {
  readonly ID: string;
  readonly name?: string;
  readonly peerURLs: readonly string[];
  readonly clientURLs?: readonly string[];
  readonly isLearner?: boolean;
}

class EtcdctlError extends Error {
  override readonly name = 'EtcdctlError';
}

const withValue = [
  'endpoints',
  'cacert',
  'cert',
  'key',
  'command-timeout',
  'dial-timeout',
  'peer-urls',
  'write-out',
  'consistency',
];

const seconds = (text: string | undefined, otherwise: number): number => {
  const [, number, unit] = /^([\d.]+)(ms|s|m)$/.exec(text ?? '') ?? [];
  return number === undefined ? otherwise : Number(number) * ({ ms: 1, s: 1000, m: 60_000 }[unit ?? 's'] ?? 1000);
};

const failure = (outcome: Exclude<HttpOutcome, { kind: 'answered' }>, endpoint: string): EtcdctlError => {
  const target = parseUrl(endpoint);
  const dial = `dial tcp ${target?.host}:${target?.port}:`;
  const desc =
    outcome.kind === 'refused'
      ? `connection error: desc = "transport: Error while dialing: ${dial} connect: connection refused"`
      : outcome.kind === 'untrusted'
        ? 'connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"'
        : `connection error: desc = "transport: Error while dialing: ${dial} ${outcome.kind === 'unreachable' ? 'connect: no route to host' : 'EOF'}"`;
  return new EtcdctlError(desc);
};

/** A call at one endpoint. @throws EtcdctlError */
const call = async <T>(
  process: Process,
  options: Options,
  endpoint: string,
  path: string,
  body: unknown,
): Promise<T> => {
  const { machine } = process;
  const read = (name: string): string | undefined => {
    const at = options.values.get(name);
    if (at === undefined) return undefined;
    const text = machine.files.readIfThere(joinPath(process.directory, at));
    if (text === undefined) throw new EtcdctlError(`open ${at}: no such file or directory`);
    return text;
  };
  const target = parseUrl(`${endpoint}${path}`);
  if (target === undefined) throw new EtcdctlError(`invalid endpoint ${endpoint}`);
  const [ca, clientCertificate] = [read('cacert'), read('cert')];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), seconds(options.values.get('command-timeout'), 5_000));
  });
  try {
    const request = httpRequest(machine, target, {
      method: 'POST',
      body: JSON.stringify(body),
      ...(ca === undefined ? {} : { ca }),
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
    });
    const outcome = await process.during(Promise.race([late, request]));
    if (outcome === 'late') throw new EtcdctlError('context deadline exceeded');
    if (outcome.kind !== 'answered') throw failure(outcome, endpoint);
    const answer = JSON.parse(outcome.response.body) as T & { error?: string };
    if (outcome.response.status >= 400) throw new EtcdctlError(answer.error ?? 'unknown error');
    return answer;
  } finally {
    clearTimeout(timer);
  }
};

const raw = (text: string): string => text.replaceAll(/"#(\d+)"/g, '$1');

const listMembers = async (process: Process, options: Options, endpoint: string): Promise<readonly ListedMember[]> =>
  (
    await call<{ members: readonly ListedMember[] }>(process, options, endpoint, '/v3/cluster/member/list', {
      linearizable: options.values.get('consistency') !== 's',
    })
  ).members;

const hex = (id: string): string => BigInt(id).toString(16);

const member = async (process: Process, options: Options, endpoint: string): Promise<number> => {
  const [, verb = '', given = ''] = options.operands;
  switch (verb) {
    case 'list': {
      const members = await listMembers(process, options, endpoint);
      if ((options.values.get('w') ?? options.values.get('write-out')) === 'json') {
        const hexadecimal = options.flags.has('hex');
        const shown = members.map((one) => ({ ...one, ID: hexadecimal ? hex(one.ID) : `#${one.ID}` }));
        process.print(`${raw(JSON.stringify({ header: {}, members: shown }))}\n`);
      } else {
        for (const one of members)
          process.print(
            `${[hex(one.ID), one.name === undefined ? 'unstarted' : 'started', one.name ?? '', one.peerURLs.join(','), (one.clientURLs ?? []).join(','), String(one.isLearner === true)].join(', ')}\n`,
          );
      }
      return 0;
    }
    case 'add': {
      const peerURLs = (options.values.get('peer-urls') ?? '').split(',');
      const isLearner = options.flags.has('learner');
      const { member: added } = await call<{ member: ListedMember }>(
        process,
        options,
        endpoint,
        '/v3/cluster/member/add',
        { peerURLs, isLearner },
      );
      process.print(
        `Member ${hex(added.ID)} added to cluster\n\nETCD_NAME="${given}"\nETCD_INITIAL_CLUSTER_STATE="existing"\n`,
      );
      return 0;
    }
    case 'remove':
    case 'promote':
      await call(process, options, endpoint, `/v3/cluster/member/${verb}`, { ID: decimal(given) });
      process.print(`Member ${given.padStart(16)} ${verb === 'remove' ? 'removed from' : 'promoted in'} cluster\n`);
      return 0;
    default:
      throw new EtcdctlError(`unknown command "member ${verb}"`);
  }
};

const endpointStatus = async (process: Process, options: Options, endpoints: readonly string[]): Promise<number> => {
  const found: unknown[] = [];
  let status = 0;
  for (const endpoint of endpoints) {
    try {
      const answer = await call<Record<string, unknown> & { header: Record<string, string>; leader?: string }>(
        process,
        options,
        endpoint,
        '/v3/maintenance/status',
        {},
      );
      const numbers = (value: unknown): unknown =>
        typeof value === 'string' && /^\d+$/.test(value) ? `#${value}` : value;
      const header = Object.fromEntries(Object.entries(answer.header).map(([key, value]) => [key, numbers(value)]));
      const body = Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, numbers(value)]));
      found.push({ Endpoint: endpoint, Status: { ...body, header } });
    } catch (error) {
      if (!(error instanceof EtcdctlError)) throw error;
      process.complain(`Failed to get the status of endpoint ${endpoint} (${error.message})\n`);
      status = 1;
    }
  }
  process.print(`${raw(JSON.stringify(found))}\n`);
  return status;
};

const snapshot = async (process: Process, options: Options, endpoint: string): Promise<number> => {
  const [, verb = '', path = ''] = options.operands;
  if (verb !== 'save') return snapshotStatus(process, path);
  const taken = await call<Record<string, unknown>>(process, options, endpoint, '/v3/maintenance/snapshot', {});
  process.machine.files.write(joinPath(process.directory, path), `${JSON.stringify(taken)}\n`, 0o600);
  process.complain(`Snapshot saved at ${path}\n`);
  return 0;
};

const snapshotStatus = (process: Process, path: string): number => {
  const text = process.machine.files.readIfThere(joinPath(process.directory, path)) ?? '';
  try {
    const { revision, totalKey, totalSize, version } = JSON.parse(text) as Record<string, unknown>;
    process.print(`${JSON.stringify({ hash: 3_735_928_559, revision, totalKey, totalSize, version })}\n`);
    return 0;
  } catch {
    process.complain('Error: snapshot file integrity check failed\n');
    return 1;
  }
};

/** etcdctl. */
export const etcdctl: Program = async (process, args) => {
  const options = parseOptions(args, 'w', withValue);
  const endpoints = (options.values.get('endpoints') ?? '127.0.0.1:2379').split(',');
  const [first = ''] = endpoints;
  const [command = '', verb = ''] = options.operands;
  try {
    if (command === 'version') {
      process.print(
        `etcdctl version: ${etcdVersionOf(process.machine)}\nAPI version: ${etcdVersionOf(process.machine).replace(/\.\d+$/, '')}\n`,
      );
      return 0;
    }
    if (command === 'member') return await member(process, options, first);
    if (command === 'endpoint' && verb === 'status') return await endpointStatus(process, options, endpoints);
    if (command === 'snapshot') return await snapshot(process, options, first);
    if (command === 'move-leader') return await moveLeader(process, options, endpoints);
    throw new EtcdctlError(`unknown command "${options.operands.join(' ')}" for "etcdctl"`);
  } catch (error) {
    if (!(error instanceof EtcdctlError)) throw error;
    if (/deadline|connection error/.test(error.message))
      process.complain(
        `${JSON.stringify({ level: 'warn', ts: new Date(process.machine.now()).toISOString(), logger: 'etcd-client', msg: 'retrying of unary invoker failed', error: `rpc error: code = ${error.message.includes('deadline') ? 'DeadlineExceeded' : 'Unavailable'} desc = ${error.message}` })}\n`,
      );
    process.complain(`Error: ${error.message}\n`);
    return 1;
  }
};

/** The leader itself has to be asked. */
const moveLeader = async (process: Process, options: Options, endpoints: readonly string[]): Promise<number> => {
  const target = options.operands[1] ?? '';
  for (const endpoint of endpoints) {
    const status = await call<{ header: { member_id: string }; leader?: string }>(
      process,
      options,
      endpoint,
      '/v3/maintenance/status',
      {},
    );
    if (status.leader !== status.header.member_id) continue;
    await call(process, options, endpoint, '/v3/maintenance/transfer-leadership', { targetID: decimal(target) });
    process.print(`Leadership transferred from ${hex(status.leader)} to ${target}\n`);
    return 0;
  }
  throw new EtcdctlError(`no leader endpoint given at [${endpoints.join(' ')}]`);
};

/** etcdutl: `snapshot status`. */
export const etcdutl: Program = (process, args) => {
  const { operands } = parseOptions(args, 'w', ['write-out']);
  if (operands[0] === 'snapshot' && operands[1] === 'status') return snapshotStatus(process, operands[2] ?? '');
  process.complain(`Error: unknown command "${operands.join(' ')}" for "etcdutl"\n`);
  return 1;
};
