import { EtcdError } from '../etcd/errors.js';
import { etcdOn } from '../etcd/server.js';
import type { HttpRequest, HttpResponse, Service } from '../network/service.js';
import type { Machine } from '../system/machine.js';
import type { Process } from '../system/process.js';
import { authenticate } from './authentication.js';
import type { User } from './authentication.js';
import { kubernetesOf } from './kubernetes.js';
import type { Kubernetes } from './kubernetes.js';
import { serve, statusResponse } from './routes.js';
import { Store } from './store.js';

interface Options {
  readonly process: Process;
  readonly certificate: string;
  readonly ca: string;
}

const requestMs = 8_000;

/** A kube-apiserver: it serves from the etcd of its own host. */
export class ApiServer implements Service {
  /** Its post-start hooks have run. */
  isStarted = false;
  readonly machine: Machine;

  constructor(private readonly options: Options) {
    this.machine = options.process.machine;
  }

  certificate = (): string => this.options.certificate;

  get kubernetes(): Kubernetes | undefined {
    const etcd = etcdOn(this.machine);
    return etcd === undefined ? undefined : kubernetesOf(this.machine.world, etcd.cluster);
  }

  /** etcd answers, and somebody leads it. */
  get hasEtcd(): boolean {
    const etcd = etcdOn(this.machine);
    return etcd !== undefined && !etcd.member.isLearner && etcd.cluster.hasLeader(etcd.member);
  }

  get isServing(): boolean {
    return this.isStarted && this.hasEtcd && !this.machine.isFrozen && !this.options.process.isStopped;
  }

  http = async (request: HttpRequest): Promise<HttpResponse> => {
    const [path = ''] = request.path.split('?');
    const health = /^\/(readyz|livez|healthz)(\/|$)/.exec(path)?.[1];
    if (health !== undefined) return this.#health(health, request.path.includes('verbose'));
    const etcd = etcdOn(this.machine);
    const store = etcd === undefined ? undefined : new Store(etcd.cluster, etcd.member);
    const user = this.isServing ? authenticate(request, this.options.ca, store, this.machine.now()) : undefined;
    if (path === '/version') {
      const [, minor = ''] = this.machine.kubernetesVersion.split('.');
      return json(200, {
        major: '1',
        minor,
        emulationMajor: '1',
        emulationMinor: minor,
        minCompatibilityMajor: '1',
        minCompatibilityMinor: String(Number(minor) - 1),
        gitVersion: this.machine.kubernetesVersion,
        gitCommit: '0'.repeat(40),
        gitTreeState: 'clean',
        buildDate: '2026-01-01T00:00:00Z',
        goVersion: 'go1.26.8',
        compiler: 'gc',
        platform: 'linux/amd64',
      });
    }
    return (await this.#whenServing()) ?? this.#answer(request, user);
  };

  /** Waits for etcd as long as a request may take; what to say when it does not come. */
  async #whenServing(): Promise<HttpResponse | undefined> {
    const deadline = Date.now() + requestMs * Math.min(1, this.machine.world.timeScale * 4);
    while (!this.isServing) {
      if (Date.now() > deadline) return statusResponse(500, 'InternalError', 'etcdserver: request timed out');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return undefined;
  }

  #answer(request: HttpRequest, known: User | undefined): HttpResponse {
    const etcd = etcdOn(this.machine);
    if (etcd === undefined) return statusResponse(500, 'InternalError', 'etcdserver: request timed out');
    const store = new Store(etcd.cluster, etcd.member);
    const user = known ?? authenticate(request, this.options.ca, store, this.machine.now());
    if (user === undefined) return statusResponse(401, 'Unauthorized', 'Unauthorized');
    try {
      const kubernetes = kubernetesOf(this.machine.world, etcd.cluster);
      return serve({ request, user, store, kubernetes, now: this.machine.now() });
    } catch (error) {
      if (error instanceof EtcdError) return statusResponse(500, 'InternalError', error.message);
      throw error;
    }
  }

  #health(kind: string, verbose: boolean): HttpResponse {
    const checks: [string, boolean][] = [
      ['ping', true],
      ['log', true],
      ['etcd', this.hasEtcd],
      ...(kind === 'livez' ? [] : ([['etcd-readiness', this.hasEtcd]] as [string, boolean][])),
      ['poststarthook/start-apiserver-admission-initializer', this.isStarted],
      ['poststarthook/rbac/bootstrap-roles', this.isStarted],
    ];
    const ok = checks.every(([, good]) => good);
    if (ok && !verbose) return { status: 200, body: 'ok' };
    const lines = checks.map(([name, good]) => (good ? `[+]${name} ok` : `[-]${name} failed: reason withheld`));
    return { status: ok ? 200 : 500, body: `${lines.join('\n')}\n${kind} check ${ok ? 'passed' : 'failed'}\n` };
  }
}

const json = (status: number, body: unknown): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body, undefined, 2),
});

/** The API server of a host, when one listens there. */
export const apiServerOn = (machine: Machine): ApiServer | undefined => {
  for (const { service } of machine.listeners) if (service instanceof ApiServer) return service;
  return undefined;
};
