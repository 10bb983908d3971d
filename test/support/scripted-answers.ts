import { ApplicationFailure } from '@temporalio/common';
import type { Activities, JoinFacts, UnitOutcome } from '../../src/activities/contract.js';
import { recallActivities } from '../../src/activities/recall.js';
import { watchActivities } from '../../src/activities/watch.js';
import type { ClusterFacts } from '../../src/model/cluster-facts.js';
import type { HostFacts } from '../../src/model/host-facts.js';
import type { OperationContext } from '../../src/model/operation.js';
import type { ReachFacts } from '../../src/model/reach-facts.js';
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

/** A clean host of that name and address, as `readHost` shows it. */
export const hostOf = ({ target }: OperationContext, overrides: Partial<HostFacts> = {}): HostFacts =>
  hostFacts({ hostname: target.name, addresses: [target.address], machineId: machineOf(target.name), ...overrides });

/** A kubeadm that did nothing to the world: no member, no Node. */
export const joinFacts = (overrides: Partial<JoinFacts> = {}): JoinFacts => ({
  member: 'none',
  kubeletBootstrapped: false,
  endpoint: 'reached',
  evidence: [],
  ...overrides,
});

const note = (text: string) => async (): Promise<string> => text;

/** Each activity done well: every change succeeds, and a reset leaves the host clean. */
export const defaultAnswers = (world: World): Activities => {
  const clean = async ({ target }: OperationContext): Promise<string> => {
    delete world.hosts[target.name];
    return `${target.name} is clean`;
  };
  return {
    readHost: async (context) => world.hosts[context.target.name] ?? hostOf(context),
    readCluster: async ({ kind }) => world.cluster ?? (kind === 'init' ? noCluster() : clusterFacts()),
    checkReach: async (context) => world.reach ?? reachFacts(context),
    readStatus: async ({ cluster }) => statusReport(cluster),
    snapshotEtcd: note('snapshot of 8 MB on cp1'),
    removeStaleMember: note('nothing stale'),
    stopEarlier: async ({ target }) => {
      delete world.hosts[target.name]?.runningUnits;
      return 'stopped what ran';
    },
    resetHost: clean,
    prepareHost: note('kubelet enabled, 3 modules, 7 images present'),
    createCredentials: async () => ({
      tokenId: 'abcdef',
      expiresAt: new Date(Date.now() + 45 * 60_000).toISOString(),
      caHash,
      mintedOn: 'cp1',
    }),
    revokeCredentials: note('token abcdef revoked, /run/quorate deleted'),
    writeInitConfiguration: note('configuration written'),
    runKubeadm: async ({ kind, round, target }) => ({
      unit: `quorate-${kind}-${target.name}-${round}`,
      state: 'succeeded',
      exitStatus: 0,
      logFile: `/var/log/quorate/${kind}-${round}.log`,
      ...world.unit,
    }),
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
