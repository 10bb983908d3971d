import type { World } from '../../../../lab/simulation/world.js';
import type { Process } from '../../../../lab/simulation/system/process.js';
import type { Violations } from './violations.js';

const changing = new Set(['init', 'join', 'reset']);

/** `init`, `join` or `reset` when the process is such a kubeadm, not one of its phases alone. */
const commandOf = ({ argv }: Process): string | undefined => {
  const [program = '', command = '', next] = argv;
  return program.endsWith('kubeadm') && changing.has(command) && next !== 'phase' ? command : undefined;
};

const unitOf = ({ controlGroup }: Process): string => controlGroup.replace(/^.*\//, '');

/** No command twice: one start for each unit of ours, whatever dies meanwhile, and one kubeadm at a time on a host. */
export const watchKubeadm = (
  world: World,
  { violations, resets }: { readonly violations: Violations; readonly resets: Set<string> },
): (() => void) => {
  const started = new Set<string>();
  const running = new Map<string, Process>();
  return world.onProcess((process) => {
    const command = commandOf(process);
    if (command === undefined) return;
    const { name } = process.machine;
    const unit = unitOf(process);
    const before = running.get(name);
    if (before !== undefined && before.status === undefined && !before.isKilled)
      violations.add(
        7,
        `kubeadm ${command} (${unit}) began on ${name} beside ${before.argv.join(' ')} (${unitOf(before)})`,
      );
    running.set(name, process);
    if (command === 'reset' && unit.startsWith('quorate-')) resets.add(name);
    const key = `${name} ${unit}`;
    if (unit.startsWith('quorate-') && started.has(key))
      violations.add(7, `kubeadm ${command} was begun twice on ${name} in the unit ${unit}`);
    started.add(key);
  });
};
