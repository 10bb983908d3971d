import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../activities/contract.js';
import type { JoinFacts } from '../../model/facts/join-facts.js';
import type { UnitOutcome } from '../../model/facts/unit-outcome.js';
import { recallActivities } from '../../activities/lost-queue.js';
import { watchActivities } from '../../activities/watch.js';
import type { Checked } from '../../model/checked.js';
import type { ClusterFacts } from '../../model/facts/cluster-facts.js';
import { QuorateError } from '../../model/failures/failure.js';
import type { HostFacts } from '../../model/facts/host-facts.js';
import type { OperationContext } from '../../model/operation.js';
import type { ReachFacts } from '../../model/facts/reach-facts.js';
import { caHash, clusterFacts, hostFacts, noCluster, reachFacts, statusReport } from './facts.js';

/** What the reading activities show; what is left out is healthy and clean. */
export interface World {
  /** By the name of the target. */
  readonly hosts: Record<string, HostFacts>;
  cluster?: ClusterFacts;
  reach?: ReachFacts;
  join?: JoinFacts;
  unit?: Partial<UnitOutcome>;
}

const machineOf = (name: string): string => Buffer.from(name.padEnd(16, '.')).toString('hex').slice(0, 32);

/** What tells whose a host is: as on a real one, a node that somebody else makes shows in it. */
const identityOf = ({ machineId, marker, kubernetesFiles, pkiCaHash }: HostFacts): string[] => [
  `/etc/machine-id ${machineId}`,
  // Its own is no surprise to a run.
  ...(marker === undefined || marker.ofThisRun === true
    ? []
    : [`/var/lib/quorate/marker.json ${JSON.stringify(marker)}`]),
  ...kubernetesFiles.map((file) => `${file} of ${pkiCaHash ?? 'no CA'}`),
];

/** A clean host of that name and address, as `readHost` shows it. */
export const hostOf = ({ target }: OperationContext, overrides: Partial<HostFacts> = {}): HostFacts => {
  const facts = hostFacts({
    hostname: target.name,
    addresses: [target.address],
    machineId: machineOf(target.name),
    ...overrides,
  });
  return { ...facts, identity: overrides.identity ?? identityOf(facts) };
};

/** What the given run of an operation left half done on its host. */
export const ownAttempt = (
  { operation, cluster }: OperationContext,
  state: 'resetting' | 'begun' | 'joined' = 'begun',
): Required<Pick<HostFacts, 'marker'>> => ({ marker: { operation, cluster, state, ofThisRun: true } });

/** A kubeadm that did nothing to the world: no member, no Node. */
export const joinFacts = (overrides: Partial<JoinFacts> = {}): JoinFacts => ({
  member: 'none',
  kubeletBootstrapped: false,
  endpoint: 'reached',
  evidence: [],
  ...overrides,
});

const note = (text: string) => async (): Promise<string> => text;

/** As the activities that destroy do: what is new on the host since it was checked refuses them. */
const requireUnchanged = (world: World, context: OperationContext, { identity }: Checked): void => {
  const { name } = context.target;
  const now = world.hosts[name] ?? hostOf(context);
  const differs = now.identity.filter((line) => !identity.includes(line));
  if (differs.length === 0) return;
  throw new QuorateError('ChangedSinceCheck', `${name} is no longer what was checked: ${differs[0]}`, {
    host: name,
    remedy: `see who else works on ${name}, then retry`,
    evidence: differs.map((line) => `new: ${line}`),
  });
};

/** Each activity done well: every change succeeds, and a reset leaves the host clean. */
export const defaultAnswers = (world: World): Activities => {
  const clean = async (context: OperationContext): Promise<string> => {
    const { name } = context.target;
    const before = world.hosts[name];
    // It is the same machine.
    if (before !== undefined) world.hosts[name] = hostOf(context, { machineId: before.machineId });
    return `${name} is clean`;
  };
  const unchanged = (context: OperationContext, checked: Checked): void => requireUnchanged(world, context, checked);
  return {
    readHost: async (context) => world.hosts[context.target.name] ?? hostOf(context),
    readCluster: async ({ kind, cluster }) => {
      const facts = world.cluster ?? (kind === 'init' ? noCluster() : clusterFacts());
      // Each test has a cluster of its own, and the facts of none know its name.
      return facts.managedAs === clusterFacts().managedAs ? { ...facts, managedAs: cluster } : facts;
    },
    checkReach: async (context) => world.reach ?? reachFacts(context),
    readStatus: async ({ cluster }) => statusReport(cluster),
    claimCluster: note('the cluster says that it is prod'),
    snapshotEtcd: note('snapshot of 8 MB on cp1'),
    removeStaleMember: async (context, checked) => {
      unchanged(context, checked);
      return 'nothing stale';
    },
    stopEarlier: async ({ target }) => {
      delete world.hosts[target.name]?.runningUnits;
      return 'stopped what ran';
    },
    // What is attached to was begun when the host was what had been checked.
    resetHost: async (context, checked, { attach = false } = {}) => {
      if (!attach) unchanged(context, checked);
      return clean(context);
    },
    prepareHost: note('kubelet enabled, 3 modules, 7 images present'),
    createCredentials: async () => ({
      tokenId: 'abcdef',
      expiresAt: new Date(Date.now() + 45 * 60_000).toISOString(),
      caHash,
      mintedOn: 'cp1',
    }),
    revokeCredentials: note('token abcdef revoked, /run/quorate deleted'),
    writeInitConfiguration: note('configuration written'),
    runKubeadm: async (context, checked, { attach = false } = {}) => {
      if (!attach) unchanged(context, checked);
      const { kind, round, target } = context;
      return {
        unit: `quorate-${kind}-${target.name}-${round}`,
        state: 'succeeded',
        exitStatus: 0,
        logFile: `/var/log/quorate/${kind}-${round}.log`,
        ...world.unit,
      };
    },
    readJoin: async () => world.join ?? joinFacts(),
    undoJoin: clean,
    undoInit: clean,
    proveControlPlane: note('voter 3 of 3, /readyz ok, Node Ready'),
    proveWorker: note('Node Ready'),
    registerBackend: async (_context, enabled) => (enabled ? 'registered and enabled' : 'registered, disabled'),
    enableBackend: note('UP after 2 checks'),
    disableBackend: note('in maintenance'),
    removeBackend: note('removed'),
    // The cause of a block stays until a test says otherwise.
    probeCause: async () => {
      throw ApplicationFailure.create({ type: 'CauseNotGone', message: 'not yet' });
    },
    notify: note('200 OK'),
    // About the Temporal server itself: asked of the real one.
    ...watchActivities(),
    ...recallActivities(),
  };
};
