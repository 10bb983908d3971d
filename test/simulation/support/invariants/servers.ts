// Servers that people have put into HAProxy's configuration stay there (invariant 11).
import type { Machine } from '../../../../lab/simulation/system/machine.js';
import { actorOf } from './actors.js';
import type { Violations } from './violations.js';

const file = '/etc/haproxy/haproxy.cfg';

/** Servers in a configuration, such as `cp1 10.203.0.11:6443`. */
const serversIn = (text: string): string[] =>
  [...text.matchAll(/^\s*server (\S+) (\S+)/gm)].map(([, name, place]) => `${name} ${place}`);

export interface Servers {
  /** Names of servers that people have put there. */
  readonly ofPeople: ReadonlySet<string>;
  stop(): void;
}

export const watchServers = (machine: Machine, violations: Violations): Servers => {
  const { files, world } = machine;
  const ofPeople = new Set<string>();
  let before = serversIn(files.readIfThere(file) ?? '');
  let isOurs = false;
  const people = new Set<string>();
  const stopProcesses = world.onProcess((process) => {
    const [program = '', ...args] = process.argv;
    if (process.machine !== machine || !/(^|\/)(mv|cp|install)$/.test(program) || args.at(-1) !== file) return;
    isOurs = actorOf(process) === 'product';
  });
  const look = (): void => {
    const now = serversIn(files.readIfThere(file) ?? '');
    // It is emptied before it is written.
    if (now.length === 0 && before.length > 0 && files.readIfThere(file) === '') return;
    if (isOurs) {
      for (const server of people)
        if (!now.includes(server))
          violations.add(11, `the server ${server} on ${machine.name}, which people had put there, was removed`);
    } else
      for (const server of now)
        if (!before.includes(server)) {
          people.add(server);
          ofPeople.add(server.split(' ')[0] ?? '');
        }
    for (const server of people) if (!now.includes(server)) people.delete(server);
    before = now;
    isOurs = false;
  };
  const stopFiles = files.watch(file, look);
  return {
    ofPeople,
    stop: () => {
      stopProcesses();
      stopFiles();
    },
  };
};
