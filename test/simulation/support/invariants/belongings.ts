// Nothing is deleted that no operation made (invariant 11): of people's tokens, certificates, Nodes and etcd members.
import type { EtcdCluster, MemberChange } from '../../../../lab/simulation/etcd/cluster.js';
import { hostOfUrl } from '../../../../lab/simulation/etcd/member.js';
import type { Member } from '../../../../lab/simulation/etcd/member.js';
import { kubernetesOf } from '../../../../lab/simulation/kubernetes/kubernetes.js';
import type { Change } from '../../../../lab/simulation/kubernetes/kubernetes.js';
import { keyOf } from '../../../../lab/simulation/kubernetes/objects.js';
import type { KubernetesObject, Resource } from '../../../../lab/simulation/kubernetes/objects.js';
import { nodes } from '../../../../lab/simulation/kubernetes/store.js';
import { readToken } from '../../../../lab/simulation/kubernetes/tokens.js';
import type { World } from '../../../../lab/simulation/world.js';
import { actorOf } from './actors.js';
import type { Actor } from './actors.js';
import type { Hands } from './hands.js';
import type { Violations } from './violations.js';
import type { Asked } from './watch.js';

/** Something of a host that came to be in the cluster while an operation ran kubeadm there. */
export interface Entered {
  readonly host: string;
  /** When, milliseconds since the epoch. */
  readonly at: number;
  readonly what: string;
  /** It is there, and nothing that runs is behind it. */
  isLeftDead(): boolean;
}

/** What people have made, and what became of it. */
export interface Belongings {
  /** Looks at a cluster from now on; what is there already is nobody's. */
  cluster(cluster: EtcdCluster): void;
  /** A person made the Secret, or wrote it last. */
  isOfPeople(secret: KubernetesObject): boolean;
  /** Members and Nodes that operations have brought about. */
  readonly entered: readonly Entered[];
  stop(): void;
}

/** Something of it runs. */
const isAlive = (cluster: EtcdCluster): boolean => cluster.members().some(({ running }) => running !== undefined);

export const watchBelongings = (
  world: World,
  { hands, asked, violations }: { readonly hands: Hands; readonly asked: Asked; readonly violations: Violations },
): Belongings => {
  const stops: (() => void)[] = [];
  /** Who wrote a Secret last, by its uid. */
  const writers = new Map<string, Actor>();
  /** Who added a member, by its id. */
  const adders = new Map<string, Actor>();

  const entered: Entered[] = [];

  const nodeCreated = (cluster: EtcdCluster, { metadata: { name, uid } }: KubernetesObject): void => {
    const { reporters } = kubernetesOf(world, cluster);
    const machine = world.machines.get(name);
    if (machine === undefined || hands.attemptOn(machine) === undefined) return;
    entered.push({
      host: name,
      at: Date.now(),
      what: `the Node ${name}`,
      isLeftDead: () => {
        const node = cluster.store.get(keyOf(nodes, undefined, name))?.value as KubernetesObject | undefined;
        return isAlive(cluster) && node?.metadata.uid === uid && reporters.get(name)?.isAlive !== true;
      },
    });
  };

  const memberAdded = (cluster: EtcdCluster, { id, peerUrls: [url = ''] }: Member): void => {
    const host = world.network.at(hostOfUrl(url))?.name;
    if (host === undefined) return;
    entered.push({
      host,
      at: Date.now(),
      what: `the etcd member ${id} (${url})`,
      isLeftDead: () => {
        const now = cluster.member(id);
        return isAlive(cluster) && now !== undefined && now.running === undefined;
      },
    });
  };

  const secretChanged = (secret: KubernetesObject, { verb, by }: Change): void => {
    const { name, uid } = secret.metadata;
    const actor = actorOf(by);
    if (verb !== 'delete') {
      writers.set(uid, actor);
      return;
    }
    const writer = writers.get(uid);
    if (actor !== 'product' || writer === undefined || writer === 'product') return;
    const token = readToken(secret);
    const expired = token?.expiresAt !== undefined && token.expiresAt <= Date.now();
    if (expired) return;
    const what =
      token === undefined ? `the Secret ${name}` : `the token ${token.id} (${token.description || 'no description'})`;
    violations.add(11, `${what}, which ${writer === 'person' ? 'a person' : 'no operation'} had made, was deleted`);
  };

  const nodeDeleted = ({ metadata: { name } }: KubernetesObject, { by }: Change): void => {
    if (actorOf(by) === 'product' && !asked.kinds.has(name))
      violations.add(11, `the Node ${name} was deleted, which no operation is about`);
  };

  const written = (cluster: EtcdCluster, resource: Resource, object: KubernetesObject, change: Change): void => {
    if (resource.plural === 'nodes' && change.verb === 'create') nodeCreated(cluster, object);
    if (resource.plural === 'secrets') secretChanged(object, change);
    if (resource.plural === 'nodes' && change.verb === 'delete') nodeDeleted(object, change);
  };

  const memberChanged = (cluster: EtcdCluster, { what, member, by }: MemberChange): void => {
    const actor = actorOf(by);
    if (what === 'added') adders.set(member.id, actor);
    if (what === 'added' && actor === 'product') memberAdded(cluster, member);
    if (what !== 'removed' || actor !== 'product') return;
    const [url = ''] = member.peerUrls;
    const host = world.network.at(hostOfUrl(url))?.name;
    const label = member.name === '' ? url : member.name;
    if (!asked.kinds.has(host ?? '') && !asked.kinds.has(member.name)) {
      violations.add(11, `the etcd member ${label} was removed, which no operation is about`);
      return;
    }
    const isInUse = member.running !== undefined || (host !== undefined && hands.isBusy(host));
    if (adders.get(member.id) === 'person' && isInUse && !hands.isApproved(host ?? ''))
      violations.add(11, `the etcd member ${label}, which a person had added and which is in use, was removed`);
  };

  return {
    cluster: (cluster) => {
      stops.push(
        cluster.onMember((change) => memberChanged(cluster, change)),
        kubernetesOf(world, cluster).onWrite((_store, resource, object, change) =>
          written(cluster, resource, object, change),
        ),
      );
    },
    entered,
    isOfPeople: ({ metadata }) => writers.get(metadata.uid) === 'person',
    stop: () => {
      for (const stop of stops) stop();
    },
  };
};
