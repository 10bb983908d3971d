import { deepClean } from '../adapters/kubeadm/deep-clean/deep-clean.js';
import { resetCommand } from '../adapters/kubeadm/commands.js';
import {
  removeConfiguration,
  removeOtherConfigurations,
  writeConfiguration,
} from '../adapters/kubeadm/configuration/file.js';
import { putAside } from '../adapters/kubeadm/deep-clean/put-aside.js';
import { renderReset } from '../adapters/kubeadm/configuration/render-reset.js';
import { leftovers } from '../model/reset/leftovers.js';
import { removeMarker, renderMarker } from '../adapters/host/marker.js';
import { prepareHost } from '../adapters/host/prepare.js';
import { readHost } from '../adapters/host/read-host.js';
import type { Host } from '../adapters/ssh/types.js';
import { readRunningUnits } from '../adapters/systemd/running-units.js';
import { stopUnit } from '../adapters/systemd/stop-unit.js';
import type { Checked } from '../model/checked.js';
import { QuorateError } from '../model/failures/failure.js';
import type { HostFacts } from '../model/facts/host-facts.js';
import { keptOn, nothingKept } from '../model/reset/keep.js';
import type { Keep } from '../model/reset/keep.js';
import type { OperationContext } from '../model/operation.js';
import { nodeCaHashes, nodeKubeconfigs } from '../model/preflight/ownership.js';
import { claimantOf, markerOf, unitOf, withOwnership } from './shared/claimant.js';
import type { Activities } from './contract.js';
import { hostOf } from './shared/control-plane.js';
import type { Dependencies } from './dependencies.js';
import { requireNothingLives } from './shared/living.js';
import { runUnit } from './shared/run-unit.js';

/** The target as it is now, with whose marker it carries. */
export const readTarget = async (host: Host, context: OperationContext): Promise<HostFacts> =>
  withOwnership(
    context,
    await readHost(host, { address: context.target.address, criSocket: context.kubeadm.criSocket }),
  );

const resetTries = 2;

interface Reset {
  /**
   * Part of the units' names: a reset before a join and one that undoes it are two commands. An undo keeps the marker, by
   * which its next attempt knows that there is something to undo, until it has done everything.
   */
  readonly purpose: 'reset' | 'undo-reset';
  /** What the marker says from then on: whose it is that is taken away. */
  readonly state: 'resetting' | 'begun' | 'undoing';
  /** The host as this activity has read it: tells what belongs to the node that is on it. */
  readonly before: HostFacts;
  /** The host as it was judged: what is new on it since refuses each command (invariant 11). */
  readonly judged: Pick<HostFacts, 'identity'>;
  readonly keep?: Keep | undefined;
  /** Only follows the command that an attempt before has begun. Default false. */
  readonly attach?: boolean | undefined;
}

/**
 * `kubeadm reset` in a unit, then what it leaves, then the host read again: clean, or a failure that says what is left.
 * The etcd member must be gone before; kubeadm is told not to look for it (docs/design.md, Quorate removes etcd members itself).
 * @throws QuorateError HostNotClean, ChangedSinceCheck when the host is no longer the one that was judged
 */
export const resetToClean = async (
  dependencies: Dependencies,
  context: OperationContext,
  { purpose, state, before, judged, keep = nothingKept, attach = false }: Reset,
): Promise<string> => {
  const host = hostOf(dependencies, context.target);
  const own = claimantOf(context);
  const guard = { identity: judged.identity, own };
  if (leftovers(before, before, keep).length === 0 && before.marker === undefined) return 'the host is clean';
  let left: readonly string[] = [];
  const failures: string[] = [];
  for (let attempt = 0; attempt < resetTries; attempt++) {
    const lazyUnmount = attempt > 0;
    await writeConfiguration(host, context.operation, 'reset', renderReset(context, { lazyUnmount }));
    await putAside(host, keep);
    const run = await runUnit(
      host,
      {
        ...unitOf(context, lazyUnmount ? `${purpose}-lazily` : purpose),
        argv: resetCommand(context.operation),
        runtimeMaxSec: 600,
        claim: { guard, marker: renderMarker(markerOf(context, state)) },
      },
      { reconnectMs: context.policy.unreachableBudgetMs, mustExist: attach && !lazyUnmount },
    );
    failures.length = 0;
    const removed = await deepClean(
      host,
      guard,
      {
        servers: nodeKubeconfigs(before).flatMap(({ server }) => (server === undefined ? [] : [server])),
        caHashes: nodeCaHashes(before),
        lazyUnmount,
        keep,
      },
      (what) => failures.push(what),
    );
    const after = await readTarget(host, context);
    left = leftovers(after, before, keep);
    if (left.length === 0) {
      await removeConfiguration(host, context.operation);
      if (purpose === 'reset') await removeMarker(host, own);
      return [
        `kubeadm reset ${run.state}; cleaned ${removed.length} leftovers; read again: clean`,
        ...keptOn(keep, after),
      ].join('; ');
    }
  }
  throw new QuorateError('HostNotClean', `${context.target.name} is not clean after a reset: ${left[0] ?? ''}`, {
    host: context.target.name,
    remedy: `remove what is left on ${context.target.name} by hand (a busy mount: see who holds it with \`fuser -vm\`), then retry`,
    evidence: [...left, ...failures],
  });
};

/** Units that were not there when the host was checked are somebody else's. */
const requireKnownUnits = (context: OperationContext, running: readonly string[], { units }: Checked): void => {
  const stranger = running.find((unit) => !units.includes(unit));
  if (stranger === undefined) return;
  const { name } = context.target;
  throw new QuorateError(
    'ChangedSinceCheck',
    `${stranger} was started on ${name} since it was checked; nothing was stopped`,
    {
      host: name,
      remedy: `the operation reads ${name} again by itself; when it blocks, see who else works on it, then retry`,
      evidence: running.map((unit) => `${unit} is running`),
    },
  );
};

export const hostActivities = (
  dependencies: Dependencies,
): Pick<Activities, 'stopEarlier' | 'resetHost' | 'prepareHost'> => ({
  stopEarlier: async (context, checked) => {
    const host = hostOf(dependencies, context.target);
    const running = await readRunningUnits(host);
    requireKnownUnits(context, running, checked);
    for (const unit of running) await stopUnit(host, unit);
    await removeOtherConfigurations(host, context.operation);
    return running.length === 0 ? 'nothing of it runs any more' : `stopped ${running.join(', ')}`;
  },
  resetHost: async (context, checked, { keep, attach } = {}) => {
    // The unit of an attempt before this one is found again below; whatever it did, nothing may have come to life since.
    const host = await readTarget(hostOf(dependencies, context.target), context);
    await requireNothingLives(dependencies, context, host, checked);
    return resetToClean(dependencies, context, {
      purpose: 'reset',
      state: checked.ownAttempt ? 'begun' : 'resetting',
      before: host,
      judged: checked,
      keep,
      attach,
    });
  },
  prepareHost: async (context) => {
    const { changes, notes } = await prepareHost(hostOf(dependencies, context.target), context);
    return [...(changes.length === 0 ? ['everything is as it should be'] : changes), ...notes].join('; ');
  },
});
