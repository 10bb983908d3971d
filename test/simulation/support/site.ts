import { expect } from 'vitest';
import { kubernetesPorts } from '../../scenarios/ports.js';
import type { Moment, Site, SiteObserver } from '../../scenarios/site.js';
import type { Scenario } from '../../scenarios/scenario.js';
import type { Simulation } from '../../../lab/simulation/index.js';
import { buildCluster } from './cluster.js';
import { whenPrinted, whenWritten } from './inject.js';
import { decideAndWait, requireFinished } from './product.js';

const observe = (simulation: Simulation): SiteObserver => {
  const { observer } = simulation;
  return {
    members: () => Promise.resolve(observer.members()),
    readyNodes: () => Promise.resolve(observer.readyNodes().toSorted()),
    backends: () => observer.backends('lb1'),
    tokens: () => Promise.resolve(observer.tokens()),
    // Nobody else puts secrets there.
    lentSecrets: () => Promise.resolve(observer.secrets().map(({ metadata }) => metadata.name)),
    isServing: (host) => Promise.resolve(observer.isServing(host)),
    ports: (host) => {
      const open = simulation.host(host).machine.listeners.map(({ port }) => port);
      return Promise.resolve(kubernetesPorts.filter((port) => open.includes(port)));
    },
    files: (host, folder) => Promise.resolve(observer.files(host, folder)),
    read: (host, path) => Promise.resolve(observer.read(host, path)),
  };
};

/** The moment that `watch` waits for; it begins the work. */
const moment = (what: string, work: () => Promise<void>, watch: (begin: () => void) => () => void): Moment => {
  let working: Promise<void> | undefined;
  const stop = watch(() => {
    working = work();
    working.catch(() => undefined);
  });
  return {
    done: async () => {
      stop();
      if (working === undefined) throw new Error(`it never came to this: ${what}`);
      await working;
    },
  };
};

/** A site of simulated hosts, for one test; it is gone after it. */
const buildSite = async ({ run: _run, name: _name, inEveryLabRun: _when, ...wanted }: Scenario): Promise<Site> => {
  const { impatient, policy, ...options } = wanted;
  const product = await buildCluster({
    ...options,
    policy: {
      ...(impatient === true ? { budgets: { join: '30m', unreachable: '3s', ready: '1s' } } : {}),
      ...policy,
    },
  });
  const { simulation, specification, harness, context, run, finish } = product;
  return {
    kind: 'simulation',
    name: simulation.name,
    specification,
    harness,
    context,
    run,
    finish,
    faults: simulation.faults,
    observer: observe(simulation),
    host: (host) => simulation.host(host),
    decide: decideAndWait,
    decideAndFinish: async (outcome, action) => void requireFinished(await decideAndWait(outcome, action), simulation),
    powerOn: (host) => simulation.host(host).power('on'),
    whenPrinted: (host, text, work) =>
      moment(`a unit on ${host} prints "${text}"`, work, (begin) => whenPrinted(simulation, host, text, begin)),
    whenWritten: (host, _folder, pattern, work) =>
      moment(`${host} has a file ${pattern}`, work, (begin) => whenWritten(simulation, host, pattern, begin)),
    makeCgroupV1: (host) => {
      simulation.host(host).machine.cgroupVersion = 1;
    },
    expectNoDefects: () => expect(simulation.world.defects).toEqual([]),
  };
};

/** Runs a scenario on simulated hosts. */
export const runSimulated = async (scenario: Scenario): Promise<void> => {
  await scenario.run(await buildSite(scenario));
};
