// Of the snapshots on a host operations delete only their own, and never the one they made last (invariant 11).
import type { Machine } from '../../../../lab/simulation/system/machine.js';
import { actorOf } from './actors.js';
import type { Violations } from './violations.js';

const folder = '/var/lib/quorate/snapshots';
const isSnapshot = (path: string): boolean => path.endsWith('.db');

export const watchSnapshots = (machine: Machine, violations: Violations): (() => void) => {
  const { files, world } = machine;
  let machineId = machine.machineId;
  /** Files of people, and those of operations in the order in which they came. */
  const others = new Set<string>();
  const own: string[] = [];
  /** Targets of an operation's mv. */
  const moved = new Set<string>();
  const stopProcesses = world.onProcess((process) => {
    const [program = '', ...args] = process.argv;
    if (process.machine === machine && /(^|\/)(mv|ln|cp)$/.test(program) && actorOf(process) === 'product')
      moved.add(args.at(-1) ?? '');
  });
  const forget = (path: string): void => {
    others.delete(path);
    if (own.includes(path)) own.splice(own.indexOf(path), 1);
  };
  const look = (path: string): void => {
    if (machineId !== machine.machineId) {
      machineId = machine.machineId;
      others.clear();
      own.length = 0;
    }
    if (!isSnapshot(path)) return;
    if (files.exists(path)) {
      if (moved.delete(path)) {
        forget(path);
        own.push(path);
      } else if (!own.includes(path)) others.add(path);
      return;
    }
    if (others.has(path)) violations.add(11, `${path} on ${machine.name}, which no operation had made, was deleted`);
    else if (own.length > 1 && own.at(-1) === path)
      violations.add(11, `${path} on ${machine.name}, the snapshot that was made last, was deleted`);
    forget(path);
  };
  const stopFiles = files.watch(`${folder}/`, look);
  return () => {
    stopProcesses();
    stopFiles();
  };
};
