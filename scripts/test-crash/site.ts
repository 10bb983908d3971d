// The simulated hosts of a case, and how they become again what they were before it.
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { clusterYaml } from '../../lab/cluster-yaml.js';
import { startSimulation } from '../../lab/simulation/index.js';
import type { Simulation } from '../../lab/simulation/index.js';
import { makeTopology } from '../../lab/topology.js';
import type { OperationContext } from '../../model/operation.js';
import type { OperationKind } from '../../model/operations.js';
import { operationContext } from '../../model/specification/operation-context.js';
import type { Specification } from '../../model/specification/specification.js';
import { validateSpecification } from '../../model/specification/validate.js';
import { check, watch } from '../../test/simulation/support/invariants.js';
import type { ReportedOperation } from '../../test/simulation/support/invariants.js';

const haproxyConfiguration = '/etc/haproxy/haproxy.cfg';
const timeScale = 0.03;

/** What a case begins with: nothing, or a cluster of cp1 and cp2 that cp3 and w1 are not in yet. */
export type World = 'empty' | 'cluster';

export interface Site {
  readonly world: World;
  readonly simulation: Simulation;
  /** The operations that made it what it is when a case begins. */
  readonly before: readonly ReportedOperation[];
  context(kind: OperationKind, host: string): OperationContext;
  /** A member by a host's name and address that nobody runs any more. */
  forgottenMember(host: string): void;
  /** Takes out what a case has put in. @returns false when it is not what it was: make another one */
  restore(): Promise<boolean>;
  close(): Promise<void>;
}

const specificationOf = (simulation: Simulation): Specification => {
  const policy = {
    resetDirtyHosts: 'when-ours',
    // The operator of these cases decides, so that each way on is seen.
    resumeWhenHealthy: false,
    budgets: { join: '3m', unreachable: '30s', ready: '30s' },
  };
  const validated = validateSpecification(parse(clusterYaml(simulation, { policy })));
  if (!validated.ok) throw new Error(JSON.stringify(validated));
  return validated.specification;
};

const clusterOf = ({ world }: Simulation) =>
  [...world.etcdClusters.values()].find(({ leader }) => leader !== undefined);

/** A cluster takes its network as soon as an API server serves. */
export const installNetwork = async (simulation: Simulation): Promise<void> => {
  for (;;) {
    const applied = await simulation.installNetwork('cp1').then(
      () => true,
      () => false,
    );
    if (applied) return;
    await sleep(20);
  }
};

export interface SiteOptions {
  readonly world: World;
  readonly name: string;
  /** Of the SSH client's files. */
  readonly directory: string;
  /** Runs an operation undisturbed. @throws Error when it does not finish */
  readonly finish: (context: OperationContext) => Promise<ReportedOperation>;
}

let lastKey = 0;

export const startSite = async ({ world, name, directory, finish }: SiteOptions): Promise<Site> => {
  const simulation = await startSimulation({
    name,
    directory,
    timeScale,
    hosts: makeTopology(
      world === 'empty'
        ? { controlPlanes: 1, workers: 0, loadBalancers: 1 }
        : { controlPlanes: 3, workers: 1, loadBalancers: 1 },
    ),
  });
  const specification = specificationOf(simulation);
  const context: Site['context'] = (kind, host) =>
    operationContext(specification, kind, host, {
      operation: `${name}/${kind}/${host}/k${(lastKey += 1)}`,
      round: 0,
    });
  const before: ReportedOperation[] = [];
  if (world === 'cluster') {
    const [init] = await Promise.all([finish(context('init', 'cp1')), installNetwork(simulation)]);
    before.push(init, await finish(context('join-control-plane', 'cp2')));
  }
  const balancer = simulation.host('lb1').machine.files;
  const configuration = balancer.read(haproxyConfiguration);

  const restore: Site['restore'] = async () => {
    // Without a cluster there is nothing to keep.
    if (world === 'empty') return false;
    await simulation.faults.clear();
    for (const { machine } of simulation.hosts) machine.powerOn();
    for (const { name: host, machine } of simulation.hosts) {
      if (machine.kind !== 'node' || before.some((one) => one.host === host)) continue;
      await simulation
        .host('cp1')
        .run(`kubectl --kubeconfig /etc/kubernetes/admin.conf delete node ${host} --ignore-not-found`);
      const cluster = clusterOf(simulation);
      for (const member of cluster?.members() ?? [])
        if (member.peerUrls.some((url) => url.includes(`//${machine.address}:`)))
          cluster?.remove(cluster.leader ?? member, member.id);
      await simulation.host(host).rebuild();
    }
    balancer.write(haproxyConfiguration, configuration);
    await simulation.host('lb1').run('systemctl reload haproxy');
    const seen = watch(simulation);
    for (const { kind, host } of before) seen.asked(kind, host);
    const broken = await check({ simulation, watch: seen, operations: before, settleMs: 5_000 });
    seen.stop();
    return broken.length === 0;
  };
  return {
    world,
    simulation,
    before,
    context,
    forgottenMember: (host) => {
      const { address } = simulation.host(host);
      const member = clusterOf(simulation)?.enter([`https://${address}:2380`], false);
      if (member !== undefined) Object.assign(member, { name: host, clientUrls: [`https://${address}:2379`] });
    },
    restore: () => restore().catch(() => false),
    close: () => simulation.down(),
  };
};
