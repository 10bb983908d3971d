// Nothing that lives is destroyed (invariant 11): no voter, no API server that serves, no Ready Node of anybody.
import { readData } from '../../../../lab/simulation/components/etcd.js';
import type { EtcdCluster, MemberChange } from '../../../../lab/simulation/etcd/cluster.js';
import type { Member } from '../../../../lab/simulation/etcd/member.js';
import { apiServerOn } from '../../../../lab/simulation/kubernetes/api-server.js';
import { kubernetesOf } from '../../../../lab/simulation/kubernetes/kubernetes.js';
import { keyOf } from '../../../../lab/simulation/kubernetes/objects.js';
import type { KubernetesObject } from '../../../../lab/simulation/kubernetes/objects.js';
import { nodes } from '../../../../lab/simulation/kubernetes/store.js';
import type { Machine } from '../../../../lab/simulation/system/machine.js';
import type { Process } from '../../../../lab/simulation/system/process.js';
import type { World } from '../../../../lab/simulation/world.js';
import { actorOf, folderOf, kubeadmCommandOf } from './actors.js';
import type { Hands } from './hands.js';
import type { Violations } from './violations.js';

/** Something that lives on a host. */
interface Life {
  readonly what: string;
  /** Set for a voter, with its cluster. */
  readonly votesIn?: EtcdCluster;
}

const machineIdOf = ({ status }: KubernetesObject): unknown =>
  (status?.['nodeInfo'] as { machineID?: string } | undefined)?.machineID;

/** The Node that a kubelet on the host keeps Ready, in any cluster. */
const readyNodeOf = (world: World, machine: Machine): string | undefined => {
  for (const cluster of world.etcdClusters.values()) {
    for (const [name, reporter] of kubernetesOf(world, cluster).reporters) {
      if (reporter.machine !== machine || !reporter.isAlive) continue;
      const node = cluster.store.get(keyOf(nodes, undefined, name))?.value as KubernetesObject | undefined;
      const isReady = reporter.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
      if (node !== undefined && isReady && machineIdOf(node) === machine.machineId) return name;
    }
  }
  return undefined;
};

/** The voter whose data a host has, with its cluster. */
const voterOn = (world: World, machine: Machine): { member: Member; cluster: EtcdCluster } | undefined => {
  const data = readData(machine.files);
  const cluster = data === undefined ? undefined : world.etcdClusters.get(data.cluster);
  const member = data === undefined ? undefined : cluster?.member(data.member);
  return cluster === undefined || member === undefined || member.isLearner ? undefined : { member, cluster };
};

/** What lives on a host, of any cluster. */
const livesOn = (world: World, machine: Machine): Life[] => {
  const voter = voterOn(world, machine);
  const node = readyNodeOf(world, machine);
  return [
    ...(voter === undefined
      ? []
      : [
          {
            what: `it is a voter of etcd${voter.member.running === undefined ? ' that does not run now' : ''}, one of ${voter.cluster.voters.length}`,
            votesIn: voter.cluster,
          },
        ]),
    ...(apiServerOn(machine)?.isServing === true ? [{ what: 'its API server serves' }] : []),
    ...(node === undefined ? [] : [{ what: `its kubelet keeps the Node ${node} Ready` }]),
  ];
};

/** Files without which a node is none; a snapshot on its way lies beside them. */
const ofNode =
  /(^|\/)(etc\/kubernetes\/(pki|manifests|[a-z-]+\.conf)(\/|$)|var\/lib\/kubelet(\/|$)|var\/lib\/etcd\/?(\*|$|member(\/|$)))/;

/** What a process is about to destroy on its host; undefined when nothing of a node. */
const destroys = (process: Process): string | undefined => {
  if (kubeadmCommandOf(process) === 'reset') return 'kubeadm reset';
  const [program = '', ...args] = process.argv;
  if (!/(^|\/)rm$/.test(program)) return undefined;
  const path = args.find((arg) => !arg.startsWith('-') && ofNode.test(arg));
  return path === undefined ? undefined : `the deletion of ${path.startsWith('/') ? path : `/${path}`}`;
};

export const watchLiving = (
  world: World,
  {
    hands,
    violations,
    isDeclared,
  }: {
    readonly hands: Hands;
    readonly violations: Violations;
    /** Whether a host is one of the cluster's control plane: what serves elsewhere is no business of its first host. */
    readonly isDeclared: (host: string) => boolean;
  },
): { /** Looks at a cluster from now on. */ cluster(cluster: EtcdCluster): void; stop(): void } => {
  const stops: (() => void)[] = [];

  /** An operation may take back what it has begun itself: once the member is gone, or when nobody else votes. */
  const isOwn = (process: Process, lives: readonly Life[]): boolean => {
    const attempt = hands.attemptOn(process.machine);
    if (attempt === undefined) return false;
    const folder = folderOf(process);
    if (folder !== '' && folder !== attempt.folder) return false;
    const votesIn = lives.find((life) => life.votesIn !== undefined)?.votesIn;
    return votesIn === undefined || (attempt.command === 'init' && votesIn.voters.length === 1);
  };

  const check = (process: Process): void => {
    if (actorOf(process) !== 'product') return;
    const { machine } = process;
    const what = destroys(process);
    if (what !== undefined) {
      const lives = livesOn(world, machine);
      if (lives.length === 0 || isOwn(process, lives) || hands.isApproved(machine.name)) return;
      violations.add(11, `${what} began on ${machine.name} although ${lives.map((life) => life.what).join('; ')}`);
      return;
    }
    if (kubeadmCommandOf(process) !== 'init' || hands.isApproved(machine.name)) return;
    for (const other of world.machines.values())
      if (other !== machine && isDeclared(other.name) && apiServerOn(other)?.isServing === true)
        violations.add(11, `kubeadm init began on ${machine.name} beside a living cluster: ${other.name} serves`);
  };
  stops.push(world.onProcess(check));

  /** A member that runs and votes is taken out only by the operation whose own it is. */
  const memberChanged = ({ what, member, by }: MemberChange): void => {
    const machine = member.running?.machine;
    if (what !== 'removed' || member.isLearner || actorOf(by) !== 'product') return;
    if (machine === undefined || machine.isFrozen) return;
    const attempt = hands.attemptOn(machine);
    if (attempt?.command === 'join' || hands.isApproved(machine.name)) return;
    violations.add(11, `the etcd member ${member.name} was removed although it runs on ${machine.name}`);
  };

  return {
    cluster: (cluster) => {
      stops.push(cluster.onMember(memberChanged));
      stops.push(
        kubernetesOf(world, cluster).onWrite((_store, { plural }, { metadata: { name } }, { verb, by }) => {
          if (plural !== 'nodes' || verb !== 'delete' || actorOf(by) !== 'product') return;
          const reporter = kubernetesOf(world, cluster).reporters.get(name);
          if (reporter?.isAlive === true)
            violations.add(
              11,
              `the Node ${name} was deleted although the kubelet on ${reporter.machine.name} keeps it`,
            );
        }),
      );
    },
    stop: () => {
      for (const stop of stops) stop();
    },
  };
};
