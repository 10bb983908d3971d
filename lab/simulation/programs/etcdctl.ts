import { FileError } from '../files/file-error.js';
import { joinPath } from '../files/file-system.js';
import { decimal } from '../etcd/member.js';
import { etcdVersionOf } from '../etcd/server.js';
import { readSnapshot, snapshotInStream } from '../etcd/snapshot.js';
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
  constructor(
    message: string,
    /** Of a call that the client gave up, or the server refused: the method, and the code in gRPC's words. */
    readonly call?: { readonly method: string; readonly code: string },
    readonly status = 1,
  ) {
    super(message);
  }
}

/** The methods of gRPC behind the paths of the gateway. */
const methods: Readonly<Record<string, string>> = {
  '/v3/cluster/member/list': '/etcdserverpb.Cluster/MemberList',
  '/v3/cluster/member/add': '/etcdserverpb.Cluster/MemberAdd',
  '/v3/cluster/member/remove': '/etcdserverpb.Cluster/MemberRemove',
  '/v3/cluster/member/promote': '/etcdserverpb.Cluster/MemberPromote',
  '/v3/maintenance/transfer-leadership': '/etcdserverpb.Maintenance/MoveLeader',
  '/v3/kv/range': '/etcdserverpb.KV/Range',
  '/v3/maintenance/status': '/etcdserverpb.Maintenance/Status',
  '/v3/maintenance/snapshot': '/etcdserverpb.Maintenance/Snapshot',
};

const codes: Readonly<Record<number, string>> = {
  4: 'DeadlineExceeded',
  5: 'NotFound',
  9: 'FailedPrecondition',
  14: 'Unavailable',
};

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

const failure = (outcome: Exclude<HttpOutcome, { kind: 'answered' | 'refused' }>, endpoint: string): EtcdctlError => {
  const target = parseUrl(endpoint);
  const dial = `dial tcp ${target?.host}:${target?.port}:`;
  const desc =
    outcome.kind === 'untrusted'
      ? 'connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"'
      : `connection error: desc = "transport: Error while dialing: ${dial} ${outcome.kind === 'unreachable' ? 'connect: no route to host' : 'EOF'}"`;
  return new EtcdctlError(desc);
};

/** A call at one endpoint. @throws EtcdctlError */
const call = async <T>(process: Process, options: Options, endpoint: string, path: string, body: unknown): Promise<T> =>
  JSON.parse(await ask(process, options, endpoint, path, body)) as T;

/** The body of an answer. @throws EtcdctlError */
const ask = async (
  process: Process,
  options: Options,
  endpoint: string,
  path: string,
  body: unknown,
  defaultMs = 5_000,
): Promise<string> => {
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
  const limitMs = seconds(options.values.get('command-timeout'), defaultMs);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    if (limitMs !== Infinity) timer = setTimeout(() => resolve('late'), limitMs);
  });
  try {
    const request = httpRequest(machine, target, {
      method: 'POST',
      by: process,
      body: JSON.stringify(body),
      ...(ca === undefined ? {} : { ca }),
      ...(clientCertificate === undefined ? {} : { clientCertificate }),
    });
    const outcome = await process.during(Promise.race([late, request]));
    const method = methods[path] ?? path;
    const tooLate = (): EtcdctlError =>
      new EtcdctlError('context deadline exceeded', { method, code: 'DeadlineExceeded' });
    if (outcome === 'late') throw tooLate();
    if (outcome.kind === 'refused') {
      // It tries again until its time is up.
      if (limitMs === Infinity) await process.during(late);
      await process.work(limitMs);
      throw tooLate();
    }
    if (outcome.kind !== 'answered') throw failure(outcome, endpoint);
    const { status, body: answer } = outcome.response;
    if (status >= 400) {
      const { error = 'unknown error', code = 0 } = JSON.parse(answer) as { error?: string; code?: number };
      throw new EtcdctlError(error, { method, code: codes[code] ?? 'Unknown' });
    }
    return answer;
  } finally {
    clearTimeout(timer);
  }
};

const raw = (text: string): string => text.replaceAll(/"#(\d+)"/g, '$1');

interface MemberAnswer {
  readonly header: Readonly<Record<string, string>>;
  readonly member?: ListedMember;
  readonly members: readonly ListedMember[];
}

const isJson = ({ values }: Options): boolean => (values.get('w') ?? values.get('write-out')) === 'json';

/** The answer as `-w json` has it: numbers, or hexadecimal with `--hex`. */
const printMembers = (process: Process, options: Options, { header, member: one, members }: MemberAnswer): void => {
  const id = (decimalId: string): string => (options.flags.has('hex') ? hex(decimalId) : `#${decimalId}`);
  const shown = (listed: ListedMember) => ({ ...listed, ID: id(listed.ID) });
  const numbers = Object.fromEntries(
    Object.entries(header).map(([key, value]) => [key, key === 'raft_term' ? `#${value}` : id(value)]),
  );
  process.print(
    `${raw(JSON.stringify({ header: numbers, ...(one === undefined ? {} : { member: shown(one) }), members: members.map(shown) }))}\n`,
  );
};

const hex = (id: string): string => BigInt(id).toString(16);

const member = async (process: Process, options: Options, endpoint: string): Promise<number> => {
  const [, verb = '', given = ''] = options.operands;
  switch (verb) {
    case 'list': {
      const answer = await call<MemberAnswer>(process, options, endpoint, '/v3/cluster/member/list', {
        linearizable: options.values.get('consistency') !== 's',
      });
      if (isJson(options)) printMembers(process, options, answer);
      else {
        for (const one of answer.members)
          process.print(
            `${[hex(one.ID), one.name === undefined ? 'unstarted' : 'started', one.name ?? '', one.peerURLs.join(','), (one.clientURLs ?? []).join(','), String(one.isLearner === true)].join(', ')}\n`,
          );
      }
      return 0;
    }
    case 'add': {
      const peerURLs = (options.values.get('peer-urls') ?? '').split(',');
      const isLearner = options.flags.has('learner');
      const answer = await call<MemberAnswer>(process, options, endpoint, '/v3/cluster/member/add', {
        peerURLs,
        isLearner,
      });
      if (isJson(options)) printMembers(process, options, answer);
      else
        process.print(
          `Member ${hex(answer.member?.ID ?? '0')} added to cluster\n\nETCD_NAME="${given}"\nETCD_INITIAL_CLUSTER_STATE="existing"\n`,
        );
      return 0;
    }
    case 'remove':
    case 'promote': {
      const { header } = await call<MemberAnswer>(process, options, endpoint, `/v3/cluster/member/${verb}`, {
        ID: decimal(given),
      });
      const what = verb === 'remove' ? 'removed from' : 'promoted in';
      process.print(`Member ${given.padStart(16)} ${what} cluster ${hex(header['cluster_id'] ?? '0').padStart(16)}\n`);
      return 0;
    }
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

/** It writes FILE.part, and renames it when it is whole; no time limits it unless one is given. */
const snapshot = async (process: Process, options: Options, endpoint: string): Promise<number> => {
  const [, verb = '', path = ''] = options.operands;
  if (verb !== 'save') return snapshotStatus(process, path);
  const { files } = process.machine;
  const [file, part] = [joinPath(process.directory, path), joinPath(process.directory, `${path}.part`)];
  try {
    files.write(part, '', 0o600);
    files.write(
      part,
      snapshotInStream(await ask(process, options, endpoint, '/v3/maintenance/snapshot', {}, Infinity)),
    );
    files.rename(part, file);
  } catch (error) {
    if (files.exists(part) && !process.isKilled) files.remove(part);
    if (!(error instanceof FileError)) throw error;
    throw new EtcdctlError(`could not write snapshot: write ${path}.part: ${error.words.toLowerCase()}`, undefined, 5);
  }
  const version = etcdVersionOf(process.machine).replace(/\.\d+$/, '.0');
  process.print(`Snapshot saved at ${path}\nServer version ${version}\n`);
  return 0;
};

const snapshotStatus = (process: Process, path: string): number => {
  const content = readSnapshot(process.machine.files.readIfThere(joinPath(process.directory, path)) ?? '');
  if (content === undefined) {
    process.complain('Error: snapshot file integrity check failed\n');
    return 1;
  }
  process.print(`${JSON.stringify({ hash: 3_735_928_559, ...content })}\n`);
  return 0;
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
    if (command === 'get') return await get(process, options, first);
    if (command === 'move-leader') return await moveLeader(process, options, endpoints);
    throw new EtcdctlError(`unknown command "${options.operands.join(' ')}" for "etcdctl"`);
  } catch (error) {
    if (!(error instanceof EtcdctlError)) throw error;
    const { call: failed = /connection error/.test(error.message) ? { method: '', code: 'Unavailable' } : undefined } =
      error;
    if (failed !== undefined)
      process.complain(
        `${JSON.stringify({ level: 'warn', ts: new Date(process.machine.now()).toISOString(), logger: 'etcd-client', msg: 'retrying of unary invoker failed', method: failed.method, error: `rpc error: code = ${failed.code} desc = ${error.message}` })}\n`,
      );
    process.complain(`Error: ${error.message}\n`);
    return error.status;
  }
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** `get PREFIX --prefix --keys-only`: each key, and an empty line after it. */
const get = async (process: Process, options: Options, endpoint: string): Promise<number> => {
  const [, prefix = ''] = options.operands;
  if (!options.flags.has('prefix') || !options.flags.has('keys-only'))
    throw new EtcdctlError('only keys by their prefix can be read here');
  const last = String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const { kvs = [] } = await call<{ kvs?: { key: string }[] }>(process, options, endpoint, '/v3/kv/range', {
    key: base64(prefix),
    range_end: base64(`${prefix.slice(0, -1)}${last}`),
    keys_only: true,
    serializable: options.values.get('consistency') === 's',
  });
  for (const { key } of kvs) process.print(`${Buffer.from(key, 'base64').toString()}\n\n`);
  return 0;
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
  throw new EtcdctlError(`no leader endpoint given at [${endpoints.join(' ')}]`, undefined, 128);
};

/** etcdutl: `snapshot status`. */
export const etcdutl: Program = (process, args) => {
  const { operands } = parseOptions(args, 'w', ['write-out']);
  if (operands[0] === 'snapshot' && operands[1] === 'status') return snapshotStatus(process, operands[2] ?? '');
  process.complain(`Error: unknown command "${operands.join(' ')}" for "etcdutl"\n`);
  return 1;
};
