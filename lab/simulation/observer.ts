// The simulated world as it is, asked of nobody: for checking what a product says of it.
import { etcdOn } from './etcd/server.js';
import { kubernetesOf } from './kubernetes/kubernetes.js';
import { withStatus } from './kubernetes/node-status.js';
import { nodes, secrets, Store } from './kubernetes/store.js';
import { readToken } from './kubernetes/tokens.js';
import { apiServerOn } from './kubernetes/api-server.js';
import type { KubernetesObject } from './kubernetes/objects.js';
import { httpRequest } from './network/http-client.js';
import { runOnConsole } from './system/console.js';
import type { Machine } from './system/machine.js';
import type { World } from './world.js';

export interface ObservedMember {
  readonly id: string;
  /** Empty for one that never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
  readonly isLeader: boolean;
  /** Its etcd runs and follows the leader. */
  readonly isHealthy: boolean;
}

export interface ObservedNode {
  readonly name: string;
  readonly uid: string;
  readonly ready: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly string[];
}

export interface ObservedToken {
  readonly id: string;
  readonly description: string;
}

export interface ObservedBackend {
  readonly name: string;
  readonly address: string;
  /** HAProxy's words. */
  readonly status: string;
}

/** Reads the world. Whatever is read of a cluster is read where one of its members runs. */
export class Observer {
  constructor(private readonly world: World) {}

  #machine(name: string): Machine {
    const found = this.world.machines.get(name);
    if (found === undefined) throw new Error(`there is no host ${name}`);
    return found;
  }

  /** Members of the cluster of a host; of any host with an etcd that runs by default. Empty when there is none. */
  members(host?: string): readonly ObservedMember[] {
    const cluster = this.#store(host)?.cluster;
    return (cluster?.members() ?? []).map((member) => ({
      id: member.id,
      name: member.name,
      peerUrls: member.peerUrls,
      isLearner: member.isLearner,
      isLeader: member === cluster?.leader,
      isHealthy: member.running !== undefined && cluster?.hasLeader(member) === true,
    }));
  }

  /** Names of started voters, sorted. */
  voters(host?: string): readonly string[] {
    return this.members(host)
      .filter(({ isLearner, name }) => !isLearner && name !== '')
      .map(({ name }) => name)
      .sort();
  }

  /** A majority of the voters is healthy. */
  hasQuorum(host?: string): boolean {
    const voters = this.members(host).filter(({ isLearner }) => !isLearner);
    return voters.filter(({ isHealthy }) => isHealthy).length >= Math.floor(voters.length / 2) + 1;
  }

  #store(host?: string): Store | undefined {
    const candidates = host === undefined ? [...this.world.machines.values()] : [this.#machine(host)];
    const servers = candidates.flatMap((machine) => etcdOn(machine) ?? []);
    const server = servers.find(({ cluster, member }) => cluster.hasLeader(member)) ?? servers[0];
    return server === undefined ? undefined : new Store(server.cluster, server.member);
  }

  nodes(host?: string): readonly ObservedNode[] {
    const store = this.#store(host);
    if (store === undefined) return [];
    const kubernetes = kubernetesOf(this.world, store.cluster);
    return store.list(nodes).map((stored) => {
      const { metadata, spec, status } = withStatus(kubernetes, stored);
      const conditions = (status?.['conditions'] ?? []) as readonly { type: string; status: string }[];
      const taints = (spec?.['taints'] ?? []) as readonly { key: string; value?: string; effect: string }[];
      return {
        name: metadata.name,
        uid: metadata.uid,
        ready: conditions.some((one) => one.type === 'Ready' && one.status === 'True'),
        labels: metadata.labels ?? {},
        taints: taints.map(({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`),
      };
    });
  }

  readyNodes(host?: string): readonly string[] {
    return this.nodes(host)
      .filter(({ ready }) => ready)
      .map(({ name }) => name);
  }

  tokens(host?: string): readonly ObservedToken[] {
    return this.secrets(host)
      .flatMap((secret) => readToken(secret) ?? [])
      .map(({ id, description }) => ({ id, description }));
  }

  /** Secrets in kube-system. */
  secrets(host?: string): readonly KubernetesObject[] {
    return this.#store(host)?.list(secrets, 'kube-system') ?? [];
  }

  /** Whether the API server of a host serves. */
  isServing(host: string): boolean {
    return apiServerOn(this.#machine(host))?.isServing === true;
  }

  /** Servers of the load balancer of a host, by its runtime socket; empty when HAProxy does not run. */
  async backends(host: string): Promise<readonly ObservedBackend[]> {
    const machine = this.#machine(host);
    const { stdout } = await runOnConsole(
      machine,
      'echo "show stat" | socat stdio UNIX-CONNECT:/run/haproxy/admin.sock',
    );
    const [head = '', ...rows] = stdout.replace(/^# /, '').trim().split('\n');
    const columns = head.split(',');
    return rows
      .map((row) => new Map(row.split(',').map((value, index) => [columns[index] ?? '', value])))
      .filter((row) => row.get('type') === '2')
      .map((row) => ({
        name: row.get('svname') ?? '',
        address: row.get('addr') ?? '',
        status: row.get('status') ?? '',
      }));
  }

  /** Status of `/readyz` through an endpoint, asked from a host; 0 when nothing answers. */
  async readyz(from: string, endpoint: string): Promise<number> {
    const [host = '', port = '6443'] = endpoint.split(':');
    const outcome = await httpRequest(this.#machine(from), {
      scheme: 'https',
      host,
      port: Number(port),
      path: '/readyz',
    });
    return outcome.kind === 'answered' ? outcome.response.status : 0;
  }

  /** Paths of the files below a folder of a host, also of one that is off. */
  files(host: string, folder: string): readonly string[] {
    const { files } = this.#machine(host);
    const walk = (path: string): string[] => {
      if (!files.isDirectory(path)) return files.exists(path) ? [path] : [];
      return files.list(path).flatMap((name) => walk(`${path}/${name}`));
    };
    return walk(folder.replace(/\/$/, ''));
  }

  read(host: string, path: string): string | undefined {
    return this.#machine(host).files.readIfThere(path);
  }
}
