import type { HttpRequest, HttpResponse, Service } from '../network/service.js';
import type { Machine } from '../system/machine.js';
import type { Process } from '../system/process.js';
import type { EtcdCluster } from './cluster.js';
import { EtcdError, refusals } from './errors.js';
import { decimal } from './member.js';
import type { Member } from './member.js';
import { snapshotStream } from './snapshot.js';

const httpStatus: Readonly<Record<number, number>> = { 3: 400, 4: 504, 5: 404, 8: 429, 9: 400, 12: 501, 14: 503 };

/** How long a request waits for a leader before it fails. */
const changeMs = 60_000;
const requestMs = 7_000;

interface Files {
  readonly certificate: string;
  readonly clientCa: string;
}

const etcdVersions: Readonly<Record<string, string>> = { 'v1.37.1': '3.7.0', 'v1.36.4': '3.6.8' };

export const etcdVersionOf = (machine: Machine): string => etcdVersions[machine.kubernetesVersion] ?? '3.7.0';

/** etcd's client port: its HTTP gateway, which etcdctl speaks to here as well. */
export class EtcdServer implements Service {
  constructor(
    readonly cluster: EtcdCluster,
    readonly member: Member,
    private readonly machine: Machine,
    private readonly files: Files,
  ) {}

  certificate = (): string => this.files.certificate;
  clientCa = (): string => this.files.clientCa;

  http = async (request: HttpRequest): Promise<HttpResponse> => {
    if (request.path === '/health' || request.path.startsWith('/readyz')) return this.health(request.path);
    try {
      if (request.path === '/v3/maintenance/snapshot') return { ...json(200, {}), body: this.#snapshot() };
      const body = request.body === '' ? {} : (JSON.parse(request.body) as Record<string, unknown>);
      return json(200, await this.#call(request.path, body, request.by));
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      return json(httpStatus[error.code] ?? 500, { error: error.message, code: error.code, message: error.message });
    }
  };

  health(path: string): HttpResponse {
    const { cluster, member } = this;
    const led = cluster.hasLeader(member);
    if (path.startsWith('/readyz')) {
      const learner = member.isLearner;
      const body = `[+]data_corruption ok\n${learner ? '[-]non_learner failed: not supported for learner' : '[+]non_learner ok'}\n[${led ? '+' : '-'}]linearizable_read ${led ? 'ok' : 'failed'}\n`;
      return { status: led && !learner ? 200 : 503, body };
    }
    return led
      ? { status: 200, body: '{"health":"true","reason":""}' }
      : { status: 503, body: '{"health":"false","reason":"RAFT NO LEADER"}' };
  }

  get #header(): Record<string, string> {
    const { cluster, member } = this;
    return {
      cluster_id: decimal(cluster.id),
      member_id: decimal(member.id),
      revision: String(cluster.revision),
      raft_term: String(cluster.term),
    };
  }

  /** Of an answer about members, which tells no revision. */
  get #memberHeader(): Record<string, string> {
    const { revision: _, ...header } = this.#header;
    return header;
  }

  /** @param limitMs how long it waits; for a change as long as the client does */
  async #withLeader(limitMs = requestMs): Promise<void> {
    const deadline = Date.now() + limitMs;
    while (!this.cluster.hasLeader(this.member)) {
      if (Date.now() > deadline || this.member.running === undefined)
        throw new EtcdError('etcdserver: request timed out', 14);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #call(path: string, body: Record<string, unknown>, by?: Process): Promise<unknown> {
    const { cluster, member } = this;
    const id = (): string => BigInt((body['ID'] ?? body['targetID'] ?? 0) as string | number).toString(16);
    switch (path) {
      case '/v3/cluster/member/list':
        if (body['linearizable'] === true) {
          if (member.isLearner) throw refusals.notForLearner();
          await this.#withLeader();
        }
        return { header: this.#memberHeader, members: membersJson(cluster) };
      case '/v3/cluster/member/add': {
        await this.#withLeader(changeMs);
        const added = cluster.addMember(member, body['peerURLs'] as string[], body['isLearner'] === true, by);
        return { header: this.#memberHeader, member: memberJson(added), members: membersJson(cluster) };
      }
      case '/v3/cluster/member/remove':
        await this.#withLeader(changeMs);
        cluster.remove(member, id(), by);
        return { header: this.#memberHeader, members: membersJson(cluster) };
      case '/v3/cluster/member/promote':
        await this.#withLeader(changeMs);
        cluster.promote(member, id(), by);
        return { header: this.#memberHeader, members: membersJson(cluster) };
      case '/v3/kv/range':
        if (body['serializable'] !== true) await this.#withLeader();
        return { header: this.#header, ...this.#keys(body['key'] as string, body['range_end'] as string) };
      case '/v3/maintenance/transfer-leadership':
        cluster.moveLeader(member, id());
        return { header: this.#header };
      case '/v3/maintenance/status':
        return this.#status();
      case '/v3/maintenance/alarm':
        return { header: this.#header };
      default:
        throw new EtcdError(`unknown method ${path}`, 12);
    }
  }

  #status(): unknown {
    const { cluster, member } = this;
    const led = cluster.hasLeader(member);
    const errors = [...(led ? [] : ['etcdserver: no leader']), ...cluster.alarms];
    return {
      header: this.#header,
      version: etcdVersionOf(this.machine),
      dbSize: String(cluster.sizeBytes),
      ...(led && cluster.leader !== undefined ? { leader: decimal(cluster.leader.id) } : {}),
      raftIndex: String(member.isLearner ? cluster.appliedBy(member) : led ? cluster.raftIndex : member.appliedIndex),
      raftTerm: String(cluster.term),
      raftAppliedIndex: String(led ? cluster.appliedBy(member) : member.appliedIndex),
      ...(errors.length === 0 ? {} : { errors }),
      dbSizeInUse: String(Math.floor(cluster.sizeBytes * 0.8)),
      dbSizeQuota: String(2 ** 31),
      storageVersion: etcdVersionOf(this.machine).replace(/\.\d+$/, '.0'),
      downgradeInfo: {},
      ...(member.isLearner ? { isLearner: true } : {}),
    };
  }

  #keys(first: string, end: string): { kvs?: { key: string }[]; count: string } {
    const text = (encoded: string): string => Buffer.from(encoded, 'base64').toString();
    const found = [...this.cluster.store.keys()].filter((key) => key >= text(first) && key < text(end)).toSorted();
    const kvs = found.map((key) => ({ key: Buffer.from(key).toString('base64') }));
    return { ...(kvs.length === 0 ? {} : { kvs }), count: String(kvs.length) };
  }

  #snapshot(): string {
    const { cluster } = this;
    return snapshotStream({
      revision: cluster.revision,
      totalKey: cluster.store.size,
      totalSize: cluster.sizeBytes,
      version: etcdVersionOf(this.machine).replace(/\.\d+$/, '.0'),
    });
  }
}

const json = (status: number, body: unknown): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** In the order of their numbers. */
const membersJson = (cluster: EtcdCluster): Record<string, unknown>[] =>
  cluster
    .members()
    .toSorted((a, b) => (BigInt(`0x${a.id}`) < BigInt(`0x${b.id}`) ? -1 : 1))
    .map(memberJson);

/** Keys that are false or empty are left out, as etcd does. */
const memberJson = ({ id, name, peerUrls, clientUrls, isLearner }: Member): Record<string, unknown> => ({
  ID: decimal(id),
  ...(name === '' ? {} : { name }),
  peerURLs: peerUrls,
  ...(clientUrls.length === 0 ? {} : { clientURLs: clientUrls }),
  ...(isLearner ? { isLearner: true } : {}),
});

/** The etcd that answers at a host's own client port. */
export const etcdOn = (machine: Machine): EtcdServer | undefined => {
  for (const { port, service } of machine.listeners) {
    if (port === 2379 && service instanceof EtcdServer) return service;
  }
  return undefined;
};
