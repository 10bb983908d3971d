import type { EtcdCluster } from '../etcd/cluster.js';
import type { Machine } from '../system/machine.js';
import type { World } from '../world.js';
import { Controllers } from './controllers.js';
import { LeaseElection } from './lease-election.js';
import type { KubernetesObject, Resource } from './objects.js';
import type { Process } from '../system/process.js';
import type { Store } from './store.js';

/** What posts the state of a Node: its kubelet. */
export interface NodeReporter {
  /** Where it runs. */
  readonly machine: Machine;
  readonly isAlive: boolean;
  /** Since when it has not been able to, milliseconds since the epoch. */
  readonly silentSince: number | undefined;
  readonly conditions: readonly Condition[];
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** What has become of an object. */
export interface Change {
  readonly verb: 'create' | 'update' | 'delete';
  /** The process that asked for it; absent for what nobody asked for over the API. */
  readonly by?: Process;
}

type WriteListener = (store: Store, resource: Resource, object: KubernetesObject, change: Change) => void;

/** What runs in a cluster beside its store. */
export class Kubernetes {
  readonly reporters = new Map<string, NodeReporter>();
  readonly controllerManager: LeaseElection;
  readonly scheduler: LeaseElection;
  readonly controllers: Controllers;
  readonly #writes = new Set<WriteListener>();

  constructor(
    readonly world: World,
    readonly etcd: EtcdCluster,
  ) {
    this.controllerManager = new LeaseElection(world, 'kube-controller-manager');
    this.scheduler = new LeaseElection(world, 'kube-scheduler');
    this.controllers = new Controllers(this);
    this.controllerManager.onHolder(() => this.controllers.wake());
    etcd.onChange(() => this.look());
    world.network.onLinksChanged(() => this.look());
  }

  /** An API server began or ceased to serve. */
  look(): void {
    this.controllerManager.evaluate();
    this.scheduler.evaluate();
  }

  /** Called with what was written or deleted. */
  onWrite(tell: WriteListener): () => void {
    this.#writes.add(tell);
    return () => this.#writes.delete(tell);
  }

  changed(store: Store, resource: Resource, object: KubernetesObject, change: Change): void {
    this.controllers.wake();
    for (const tell of Array.from(this.#writes)) tell(store, resource, object, change);
  }
}

const known = new WeakMap<EtcdCluster, Kubernetes>();

/** The Kubernetes cluster that stores in an etcd cluster. */
export const kubernetesOf = (world: World, etcd: EtcdCluster): Kubernetes => {
  let found = known.get(etcd);
  if (found === undefined) {
    found = new Kubernetes(world, etcd);
    known.set(etcd, found);
  }
  return found;
};
