import { deepClean } from '../adapters/kubeadm/deep-clean.js';
import { resetCommand } from '../adapters/kubeadm/commands.js';
import {
  removeConfiguration,
  removeOtherConfigurations,
  writeConfiguration,
} from '../adapters/kubeadm/configuration-file.js';
import { renderReset } from '../adapters/kubeadm/render-reset.js';
import { leftovers } from '../adapters/host/is-clean.js';
import { removeMarker } from '../adapters/host/marker.js';
import { prepareHost } from '../adapters/host/prepare.js';
import { readHost } from '../adapters/host/read-host.js';
import type { Host } from '../adapters/ssh/types.js';
import { readRunningUnits } from '../adapters/systemd/running-units.js';
import { stopUnit } from '../adapters/systemd/stop-unit.js';
import { unitName } from '../adapters/systemd/unit-name.js';
import { QuorateError } from '../model/failure.js';
import type { HostFacts } from '../model/host-facts.js';
import type { OperationContext } from '../model/operation.js';
import { nodeCaHashes, nodeKubeconfigs } from '../model/preflight/ownership.js';
import type { Activities } from './contract.js';
import { hostOf } from './control-plane.js';
import type { Dependencies } from './dependencies.js';
import { runUnit } from './run-unit.js';

const readTarget = (host: Host, context: OperationContext): Promise<HostFacts> =>
  readHost(host, { address: context.target.address, criSocket: context.kubeadm.criSocket });

const resetTries = 2;

/**
 * `kubeadm reset` in a unit, then what it leaves, then the host read again: clean, or a failure that says what is left.
 * The etcd member must be gone before; kubeadm is told not to look for it (docs/design.md).
 * @param purpose part of the units' names: a reset before a join and one that undoes it are two commands. An undo keeps
 *   the marker, by which its next attempt knows that there is something to undo, until it has done everything.
 */
export const resetToClean = async (
  dependencies: Dependencies,
  context: OperationContext,
  purpose: 'reset' | 'undo-reset',
): Promise<string> => {
  const host = hostOf(dependencies, context.target);
  const before = await readTarget(host, context);
  if (leftovers(before).length === 0 && before.marker === undefined) return 'the host is clean';
  let left: readonly string[] = [];
  for (let attempt = 0; attempt < resetTries; attempt++) {
    const lazyUnmount = attempt > 0;
    await writeConfiguration(host, context.operation, 'reset', renderReset(context, { lazyUnmount }));
    const run = await runUnit(
      host,
      {
        unit: unitName({
          operation: context.operation,
          step: lazyUnmount ? `${purpose}-lazily` : purpose,
          host: context.target.name,
          round: context.round,
        }),
        argv: resetCommand(context.operation),
        runtimeMaxSec: 600,
      },
      { reconnectMs: context.policy.unreachableBudgetMs },
    );
    const removed = await deepClean(host, {
      servers: nodeKubeconfigs(before).flatMap(({ server }) => (server === undefined ? [] : [server])),
      caHashes: nodeCaHashes(before),
      lazyUnmount,
    });
    const after = await readTarget(host, context);
    left = leftovers(after, before);
    if (left.length === 0) {
      await removeConfiguration(host, context.operation);
      if (purpose === 'reset') await removeMarker(host);
      return `kubeadm reset ${run.state}; cleaned ${removed.length} leftovers; read again: clean`;
    }
  }
  throw new QuorateError('HostNotClean', `${context.target.name} is not clean after a reset: ${left[0] ?? ''}`, {
    host: context.target.name,
    remedy: `remove what is left on ${context.target.name} by hand (a busy mount: see who holds it with \`fuser -vm\`), then retry`,
    evidence: left,
  });
};

export const hostActivities = (
  dependencies: Dependencies,
): Pick<Activities, 'stopEarlier' | 'resetHost' | 'prepareHost'> => ({
  stopEarlier: async (context) => {
    const host = hostOf(dependencies, context.target);
    const running = await readRunningUnits(host);
    for (const unit of running) await stopUnit(host, unit);
    await removeOtherConfigurations(host, context.operation);
    return running.length === 0 ? 'nothing of it runs any more' : `stopped ${running.join(', ')}`;
  },
  resetHost: (context) => resetToClean(dependencies, context, 'reset'),
  prepareHost: async (context) => {
    const { changes, notes } = await prepareHost(hostOf(dependencies, context.target), context);
    return [...(changes.length === 0 ? ['everything is as it should be'] : changes), ...notes].join('; ');
  },
});
