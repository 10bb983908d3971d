import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulation } from '../../lab/simulation/index.js';
import type { OwnTemporal } from './temporal.js';
import type { WorkerProcess } from './worker-process.js';

/** What dies. Of a lost connection: whether the command on it had run. */
export type Crash =
  | { readonly kind: 'worker' | 'temporal' }
  | { readonly kind: 'lost-before' | 'lost-after' | 'power-cut' | 'reboot'; readonly host: string };

export const crashLabel = (crash: Crash): string => ('host' in crash ? `${crash.kind} ${crash.host}` : crash.kind);

/** How long a host is without power. */
const offMs = 200;

/**
 * Lets a crash happen at a gate that is reached, and then what waits there go on; resolves when all runs again, of a lost
 * connection never when no command came any more.
 */
export const crashNow = async (
  crash: Crash,
  { simulation, temporal, worker }: { simulation: Simulation; temporal: OwnTemporal; worker: WorkerProcess },
): Promise<void> => {
  switch (crash.kind) {
    case 'worker':
      await worker.kill();
      return worker.start();
    case 'temporal': {
      const again = temporal.crash();
      worker.go();
      return again;
    }
    case 'lost-before':
    case 'lost-after': {
      const lost = simulation.faults.loseCommand(crash.host, crash.kind === 'lost-before' ? 'before' : 'after');
      worker.go();
      return lost;
    }
    case 'power-cut': {
      const { machine } = simulation.host(crash.host);
      machine.powerCut();
      worker.go();
      await sleep(offMs);
      machine.powerOn();
      return machine.whenOn();
    }
    case 'reboot': {
      const { machine } = simulation.host(crash.host);
      const again = machine.reboot();
      worker.go();
      await again;
      return machine.whenOn();
    }
  }
};
