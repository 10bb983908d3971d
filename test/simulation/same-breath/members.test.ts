import { describe, expect, it } from 'vitest';
import { kubernetesOf } from '../../../lab/simulation/kubernetes/kubernetes.js';
import { eventually } from '../../scenarios/eventually.js';
import { joinByHand, joinControlPlaneByHand, resetByHand } from '../../scenarios/failures/by-hand.js';
import { kubectl, onConsole } from '../support/inject.js';
import { actorOf } from '../support/invariants/actors.js';
import { build, changeBefore, etcdctl, isOver, run } from './support.js';
import type { Watched } from './support.js';

describe('an etcd member', () => {
  const removals = ({ simulation }: Watched): string[] => {
    const found: string[] = [];
    for (const etcd of simulation.world.etcdClusters.values())
      etcd.onMember(({ what, member, by }) => {
        if (what === 'removed' && actorOf(by) === 'product') found.push(member.id);
      });
    return found;
  };

  it('that was added in place of the one that was checked is left', async () => {
    const cluster = await build({ controlPlanes: 3, hosts: 3 });
    const { simulation } = cluster;
    await simulation.host('cp3').power('rebuild');
    await eventually('it is missed', () => !simulation.observer.readyNodes('cp1').includes('cp3'));
    const found = removals(cluster);
    const ofCp3 = (): string =>
      simulation.observer.members('cp2').find(({ peerUrls }) => peerUrls.includes('https://10.203.0.13:2380'))?.id ??
      '';
    const changed = changeBefore(cluster, 'cp1', /member remove/, () =>
      onConsole(
        simulation,
        'cp2',
        `${etcdctl} member remove ${ofCp3()}; sleep 0.5; ${etcdctl} member add cp3 --learner --peer-urls https://10.203.0.13:2380`,
      ),
    );
    const outcome = await run(cluster, 'join-control-plane', 'cp3');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(found).toEqual([]);
    expect(ofCp3()).not.toBe('');
  });

  it('that somebody has started meanwhile is left', async () => {
    const cluster = await build({ controlPlanes: 2, hosts: 3 });
    const { simulation, specification } = cluster;
    // Of somebody's earlier try.
    cluster.seen.stranger('https://10.203.0.13:2380');
    await onConsole(simulation, 'cp1', `${etcdctl} member add cp3 --learner --peer-urls https://10.203.0.13:2380`);
    const found = removals(cluster);
    const place = { host: (name: string) => simulation.host(name), specification };
    const changed = changeBefore(cluster, 'cp1', /member remove/, () => joinControlPlaneByHand(place, 'cp3'));
    const outcome = await run(cluster, 'join-control-plane', 'cp3');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(found).toEqual([]);
    await eventually('it votes', () => simulation.observer.voters('cp1').includes('cp3'));
    expect(cluster.seen.violations).toEqual([]);
  });
});

describe('a Node', () => {
  const stale = async (): Promise<{ cluster: Watched; deleted: string[] }> => {
    const cluster = await build({});
    const { simulation, specification } = cluster;
    const place = { host: (name: string) => simulation.host(name), specification };
    await joinByHand(place, 'w1');
    await simulation.host('w1').power('rebuild');
    await eventually('it is missed', () => !simulation.observer.readyNodes().includes('w1'));
    const deleted: string[] = [];
    const [etcd] = simulation.world.etcdClusters.values();
    if (etcd === undefined) throw new Error('there is no etcd');
    kubernetesOf(simulation.world, etcd).onWrite((_store, { plural }, { metadata }, { verb, by }) => {
      if (plural === 'nodes' && verb === 'delete' && actorOf(by) === 'product') deleted.push(metadata.name);
    });
    return { cluster, deleted };
  };

  it.each([
    ['that its host keeps Ready again is left', ''],
    ['that was made anew is left', 'delete node w1'],
  ])('%s', async (_name, before) => {
    const { cluster, deleted } = await stale();
    const { simulation, specification } = cluster;
    const place = { host: (name: string) => simulation.host(name), specification };
    const changed = changeBefore(cluster, 'cp1', /delete --raw '?\/api\/v1\/nodes\/w1/, async () => {
      if (before !== '') await kubectl(simulation, 'cp1', before);
      await resetByHand(place, 'w1');
      await joinByHand(place, 'w1');
    });
    const outcome = await run(cluster, 'join-worker', 'w1');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(deleted).toEqual([]);
    expect(cluster.seen.violations).toEqual([]);
  });
});
