import { clusterYaml } from '../../lab/cluster-yaml.js';
import { startSimulation } from '../../lab/simulation/index.js';
import type { Simulation, SimulatedHostOptions } from '../../lab/simulation/index.js';

/** A cluster of simulated hosts: one API server behind a load balancer, and workers that are not in it yet. */
export interface ScaleCluster {
  readonly name: string;
  readonly controlPlane: string;
  /** Hosts that join in each round. */
  readonly rounds: readonly (readonly string[])[];
  /** `cluster.yaml` as text. */
  readonly specification: string;
}

export interface ScaleWorld {
  readonly simulation: Simulation;
  readonly clusters: readonly ScaleCluster[];
}

const perCluster = 10;

const hostsOf = (number: number, rounds: number): readonly SimulatedHostOptions[] => {
  const address = (last: number): string => `10.${60 + Math.floor(number / 250)}.${number % 250}.${last}`;
  const node = (name: string, last: number): SimulatedHostOptions => ({
    name: `k${number}-${name}`,
    kind: 'node',
    address: address(last),
  });
  return [
    { name: `k${number}-lb`, kind: 'load-balancer', address: address(10) },
    node('cp', 11),
    ...Array.from({ length: rounds * perCluster }, (_, index) => node(`w${index + 1}`, 21 + index)),
  ];
};

/**
 * Hosts of as many clusters as the largest round needs, ten joins in each: a round of 100 joins uses the first ten
 * clusters, and every round has workers of its own.
 *
 * @param joins of each round
 * @param timeScale seconds that take a second on an ordinary host
 */
export const startScaleWorld = async (joins: readonly number[], timeScale: number): Promise<ScaleWorld> => {
  const needed = joins.map((count) => Math.ceil(count / perCluster));
  const groups = Array.from({ length: Math.max(...needed) }, (_, index) =>
    hostsOf(index, needed.filter((count) => count > index).length),
  );
  const simulation = await startSimulation({ hosts: groups.flat(), timeScale, name: 'scale' });
  const clusters = groups.map((hosts, index): ScaleCluster => {
    const name = `k${index}`;
    const own = new Set(hosts.map((host) => host.name));
    const workers = hosts.map((host) => host.name).filter((host) => host.startsWith(`${name}-w`));
    let used = 0;
    const rounds = needed.map((count, round) => {
      if (count <= index) return [];
      const mine = Math.min(perCluster, (joins[round] ?? 0) - index * perCluster);
      used += mine;
      return workers.slice(used - mine, used);
    });
    return {
      name,
      controlPlane: `${name}-cp`,
      rounds,
      specification: clusterYaml({ name, hosts: simulation.hosts.filter((host) => own.has(host.name)) }, { workers }),
    };
  });
  return { simulation, clusters };
};
