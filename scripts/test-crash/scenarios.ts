import type { OperationKind } from '../../model/operations.js';
import type { ActivityName, Gate } from './moments.js';
import { installNetwork } from './site.js';
import type { Site, World } from './site.js';

/** An operation as it goes without a crash. */
export interface Scenario {
  readonly name: string;
  readonly kind: OperationKind;
  readonly host: string;
  readonly world: World;
  /** Makes the host what it is before the operation. */
  readonly prepare?: (site: Site) => void | Promise<void>;
  /** What an operator does when it has finished. */
  readonly afterwards?: (site: Site) => Promise<void>;
  /** Where it is cancelled; what is crossed with crashes is then what comes after. */
  readonly cancelAt?: Gate;
  /** Which of its activities are crossed; default all of them. */
  readonly crosses?: (activity: ActivityName) => boolean;
}

const only =
  (...types: string[]) =>
  ({ type }: ActivityName): boolean =>
    types.includes(type);

const first = (type: string): ActivityName => ({ type, occurrence: 1 });

/** The last change of each operation, when all that can be undone was done. */
const enabled: Gate = { activity: first('enableBackend'), moment: { at: 'end' } };

/** What an earlier node of this cluster leaves on a host: kubeadm's certificates and a kubeconfig. */
const leaveNode = ({ simulation }: Site, host: string): void => {
  const { files } = simulation.host(host).machine;
  const { files: of } = simulation.host('cp1').machine;
  files.makeDirectories('/etc/kubernetes/pki');
  files.write('/etc/kubernetes/pki/ca.crt', of.read('/etc/kubernetes/pki/ca.crt'));
  files.write('/etc/kubernetes/kubelet.conf', of.read('/etc/kubernetes/kubelet.conf'));
};

/** A command of an operation that nobody follows any more; a marker says that it was this cluster's. */
const leaveRunning = async ({ simulation }: Site, host: string): Promise<void> => {
  const marker = JSON.stringify({
    operation: `${simulation.name}/join-worker/${host}/earlier`,
    cluster: simulation.name,
  });
  await simulation
    .host(host)
    .check(
      `mkdir -p /var/lib/quorate && echo '${marker}' > /var/lib/quorate/marker.json && systemd-run --unit=quorate-join-0f3c5a7b9d1e sleep 600`,
    );
};

/** A worker that somebody has reset without telling its cluster, which keeps its Node. */
const resetByHand = async ({ simulation }: Site, host: string): Promise<void> => {
  const token = (await simulation.host('cp1').check('kubeadm token create')).trim();
  const { address } = simulation.host('lb1');
  await simulation
    .host(host)
    .check(
      `kubeadm join ${address}:6443 --token ${token} --discovery-token-unsafe-skip-ca-verification && kubeadm reset --force`,
    );
  await simulation.host('cp1').check(`kubeadm token delete ${token.slice(0, 6)}`);
};

/** Every operation, forwards and undone. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'init',
    kind: 'init',
    host: 'cp1',
    world: 'empty',
    afterwards: ({ simulation }) => installNetwork(simulation),
  },
  { name: 'init, cancelled', kind: 'init', host: 'cp1', world: 'empty', cancelAt: enabled },
  { name: 'join-control-plane', kind: 'join-control-plane', host: 'cp3', world: 'cluster' },
  {
    name: 'join-control-plane, cancelled',
    kind: 'join-control-plane',
    host: 'cp3',
    world: 'cluster',
    cancelAt: enabled,
  },
  {
    name: 'join-control-plane, cancelled as a learner',
    kind: 'join-control-plane',
    host: 'cp3',
    world: 'cluster',
    prepare: ({ simulation }) => simulation.faults.slowLearner('cp3', Infinity),
    cancelAt: { activity: first('runKubeadm'), moment: { at: 'afterMs', ms: 1_500 } },
  },
  {
    name: 'join-control-plane of a host that was a member',
    kind: 'join-control-plane',
    host: 'cp3',
    world: 'cluster',
    prepare: (site) => {
      leaveNode(site, 'cp3');
      site.forgottenMember('cp3');
    },
    crosses: only('removeStaleMember', 'resetHost'),
  },
  { name: 'join-worker', kind: 'join-worker', host: 'w1', world: 'cluster' },
  {
    name: 'join-worker of a host that was a worker',
    kind: 'join-worker',
    host: 'w1',
    world: 'cluster',
    prepare: (site) => leaveNode(site, 'w1'),
    crosses: only('resetHost'),
  },
  {
    name: 'join-worker of a host that was reset by hand',
    kind: 'join-worker',
    host: 'w1',
    world: 'cluster',
    prepare: (site) => resetByHand(site, 'w1'),
    crosses: only('removeStaleMember'),
  },
  {
    name: 'join-worker where an earlier operation left kubeadm running',
    kind: 'join-worker',
    host: 'w1',
    world: 'cluster',
    prepare: (site) => leaveRunning(site, 'w1'),
    crosses: only('stopEarlier'),
  },
  {
    name: 'join-worker, cancelled',
    kind: 'join-worker',
    host: 'w1',
    world: 'cluster',
    cancelAt: { activity: first('proveWorker'), moment: { at: 'end' } },
  },
];
