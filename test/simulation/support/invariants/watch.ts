// What must hold at every moment: seen in the simulated world itself, as it happens.
import { readData } from '../../../../lab/simulation/components/etcd.js';
import type { EtcdCluster } from '../../../../lab/simulation/etcd/cluster.js';
import { hostOfUrl } from '../../../../lab/simulation/etcd/member.js';
import { etcdOn } from '../../../../lab/simulation/etcd/server.js';
import type { Simulation } from '../../../../lab/simulation/index.js';
import type { KubernetesObject } from '../../../../lab/simulation/kubernetes/objects.js';
import type { Machine } from '../../../../lab/simulation/system/machine.js';
import type { OperationKind } from '../../../../model/operations.js';
import { watchBackends, watchChoices } from './backends.js';
import { watchBelongings } from './belongings.js';
import type { Entered } from './belongings.js';
import { watchHands } from './hands.js';
import type { Hands } from './hands.js';
import { watchKubeadm } from './kubeadm.js';
import { watchLiving } from './living.js';
import { membersOf, watchMembers } from './members.js';
import { watchSecrets } from './secrets.js';
import type { Secrets } from './secrets.js';
import { watchServers } from './servers.js';
import type { Servers } from './servers.js';
import { watchSnapshots } from './snapshots.js';
import { Violations } from './violations.js';

/** What is known of the operations that somebody has asked for. */
export interface Asked {
  /** The last operation asked for on each host. */
  readonly kinds: ReadonlyMap<string, OperationKind>;
  /** Peer URLs of etcd members that a test has added itself. */
  readonly strangers: ReadonlySet<string>;
}

export interface Watch {
  /** An operation is asked for: from now on its host may become a member, also after the operation has ended. */
  asked(kind: OperationKind, host: string): void;
  /** A test adds an etcd member itself, which belongs to no operation. */
  stranger(peerUrl: string): void;
  readonly strangers: ReadonlySet<string>;
  /** Tokens, certificate keys and private keys that were seen in the world. */
  readonly secrets: Secrets;
  /** Hosts on which an operation has begun a reset. */
  readonly resets: ReadonlySet<string>;
  /** Whose what is on the hosts, and what kubeadm was run for operations. */
  readonly hands: Hands;
  /** A person made the Secret, or wrote it last. */
  isOfPeople(secret: KubernetesObject): boolean;
  /** A person has registered that server with a load balancer, or changed it last. */
  isServerOfPeople(server: string): boolean;
  /** Members and Nodes that operations have brought about. */
  readonly entered: readonly Entered[];
  /** A host with a member of the cluster that operations made; undefined when etcd runs on none. */
  memberHost(): string | undefined;
  /** What was broken so far, in the order of time. */
  readonly violations: readonly string[];
  stop(): void;
}

const everyMs = 20;

/** A host whose etcd data goes while its member votes can only make the quorum smaller: that is never right. */
const watchData = (machine: Machine, hands: Hands, violations: Violations): (() => void) => {
  const { etcdClusters } = machine.world;
  let known: { readonly cluster: string; readonly member: string; readonly machineId: string } | undefined;
  return machine.files.watch('/var/lib/etcd', () => {
    // Another disk: nobody took anything away.
    if (known !== undefined && known.machineId !== machine.machineId) known = undefined;
    const data = readData(machine.files);
    if (data !== undefined) {
      known = { ...data, machineId: machine.machineId };
      return;
    }
    if (known === undefined) return;
    const cluster = etcdClusters.get(known.cluster);
    const member = cluster?.member(known.member);
    known = undefined;
    if (cluster === undefined || member === undefined || member.isLearner || hands.isBusy(machine.name)) return;
    // The first member of a cluster that was never more than begun, or what somebody has approved.
    const mayGo = hands.attemptOn(machine)?.command === 'init' || hands.isApproved(machine.name);
    if (cluster.voters.length === 1 && mayGo) return;
    violations.add(
      2,
      `the etcd data of ${machine.name} was deleted while it is a voter (${membersOf(cluster)}): removed from the members it was not`,
    );
  });
};

/** A control-plane host of the specification, which are named so in every topology. */
const isDeclared = (host: string): boolean => /^cp\d+$/.test(host);

/** Watches a simulation from now on. */
export const watch = ({ world }: Simulation): Watch => {
  const violations = new Violations();
  const kinds = new Map<string, OperationKind>();
  const strangers = new Set<string>();
  const resets = new Set<string>();
  const asked: Asked = { kinds, strangers };
  const stops: (() => void)[] = [];
  const hands = watchHands(world);
  const secrets = watchSecrets(world, violations);
  const living = watchLiving(world, { hands, violations, isDeclared });
  const belongings = watchBelongings(world, { hands, asked, violations });
  const servers: Servers[] = [];
  const isOfPeople = (server: string): boolean => servers.some(({ ofPeople }) => ofPeople.has(server));
  const backends = watchBackends(world, { asked, hands, isOfPeople, violations });
  stops.push(secrets.stop, living.stop, belongings.stop, watchKubeadm(world, { violations, resets }), hands.stop);
  stops.push(watchChoices(world, violations));
  const clusters = new Set<EtcdCluster>();
  const ofPeople = new Set<EtcdCluster>();
  const machines = new Set<Machine>();
  const watchMachine = (machine: Machine): void => {
    stops.push(watchData(machine, hands, violations), watchSnapshots(machine, violations));
    if (machine.kind !== 'load-balancer') return;
    const ofMachine = watchServers(machine, violations);
    servers.push(ofMachine);
    stops.push(ofMachine.stop);
  };
  const isBegunByHand = (cluster: EtcdCluster): boolean =>
    hands.isBusy(world.network.at(hostOfUrl(cluster.members()[0]?.peerUrls[0] ?? ''))?.name ?? '');
  const look = (isNew: boolean): void => {
    for (const machine of world.machines.values()) {
      if (machines.has(machine)) continue;
      machines.add(machine);
      watchMachine(machine);
    }
    for (const cluster of world.etcdClusters.values()) {
      if (clusters.has(cluster)) continue;
      clusters.add(cluster);
      if (isNew && isBegunByHand(cluster)) ofPeople.add(cluster);
      watchMembers(cluster, world, { asked, hands, violations, isNew });
      living.cluster(cluster);
      belongings.cluster(cluster);
    }
    secrets.look();
    void backends();
  };
  look(false);
  const timer = setInterval(() => look(true), everyMs);
  return {
    asked: (kind, host) => kinds.set(host, kind),
    stranger: (peerUrl) => strangers.add(peerUrl),
    strangers,
    resets,
    secrets,
    hands,
    entered: belongings.entered,
    isOfPeople: (secret) => belongings.isOfPeople(secret),
    isServerOfPeople: isOfPeople,
    memberHost: () => {
      const servers = [...world.machines.values()].flatMap((machine) => etcdOn(machine) ?? []);
      const [first] = servers
        .filter(({ cluster }) => !ofPeople.has(cluster))
        .toSorted((a, b) => b.cluster.voters.length - a.cluster.voters.length);
      return first?.member.running?.machine.name;
    },
    get violations() {
      return violations.list;
    },
    stop: () => {
      clearInterval(timer);
      for (const stop of stops) stop();
    },
  };
};
