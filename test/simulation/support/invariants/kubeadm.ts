import type { World } from '../../../../lab/simulation/world.js';
import type { Process } from '../../../../lab/simulation/system/process.js';
import { actorOf, kubeadmCommandOf, unitOf } from './actors.js';
import type { Violations } from './violations.js';

/**
 * No command twice: one start for each unit of ours on a machine, whatever dies meanwhile, and one kubeadm at a time on a
 * host. What people begin, and what they begin beside, is theirs.
 */
export const watchKubeadm = (
  world: World,
  { violations, resets }: { readonly violations: Violations; readonly resets: Set<string> },
): (() => void) => {
  const started = new Set<string>();
  const running = new Map<string, Process>();
  return world.onProcess((process) => {
    const command = kubeadmCommandOf(process);
    if (command === undefined || actorOf(process) !== 'product') return;
    const { name, machineId } = process.machine;
    const unit = unitOf(process);
    const before = running.get(name);
    if (before !== undefined && before.status === undefined && !before.isKilled)
      violations.add(
        7,
        `kubeadm ${command} (${unit}) began on ${name} beside ${before.argv.join(' ')} (${unitOf(before)})`,
      );
    running.set(name, process);
    if (command === 'reset') resets.add(name);
    const key = `${machineId} ${unit}`;
    if (unit.startsWith('quorate-') && started.has(key))
      violations.add(7, `kubeadm ${command} was begun twice on ${name} in the unit ${unit}`);
    started.add(key);
  });
};
