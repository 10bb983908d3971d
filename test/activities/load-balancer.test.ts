import { beforeEach, describe, expect, test } from 'vitest';
import { loadBalancerActivities } from '../../activities/load-balancer.js';
import { probeActivities } from '../../activities/probe.js';
import type { Dependencies } from '../../activities/dependencies.js';
import { simulatedHaproxy } from '../adapters/load-balancer/simulated-haproxy.js';
import type { SimulatedHaproxy } from '../adapters/load-balancer/simulated-haproxy.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { operationContext } from '../support/facts.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';

const context = operationContext();
const external = operationContext({ loadBalancer: { kind: 'external' } });

let cluster: SimulatedCluster;
let lb1: SimulatedHaproxy;
beforeEach(() => {
  cluster = simulatedCluster();
  lb1 = simulatedHaproxy('lb1');
});
const activities = () => {
  const { host, close } = cluster.dependencies.hosts;
  const dependencies: Dependencies = {
    hosts: { host: (name) => (name === 'lb1' ? lb1.host : host(name)), close },
    webhooks: new Map(),
  };
  const made = { ...loadBalancerActivities(dependencies), ...probeActivities(dependencies) };
  const { enableBackend, probeCause } = made;
  // They ask their surroundings whether they are cancelled.
  return {
    ...made,
    enableBackend: (of: typeof context) => activityEnvironment().run(() => enableBackend(of)),
    probeBackend: (of: typeof context) => activityEnvironment().run(() => probeCause(of, { kind: 'backend' })),
  };
};
/** HAProxy's administrative flags of the target: 0 takes traffic. */
const flags = (): number | undefined => lb1.running?.servers.get('cp3')?.flags;

test('a backend is registered disabled before the join, enabled after, disabled and removed again', async () => {
  expect(await activities().registerBackend(context, false)).toMatch(/cp3/);
  expect(flags()).not.toBe(0);
  expect(await activities().enableBackend(context)).toMatch(/; UP; \/readyz through 10\.203\.0\.10:6443 ok in 4 ms$/);
  expect(flags()).toBe(0);
  await activities().disableBackend(context);
  expect(flags()).not.toBe(0);
  await activities().removeBackend(context);
  expect(flags()).toBeUndefined();
});

test('an init registers its first backend enabled: its kubelet reaches the API server through it', async () => {
  await activities().registerBackend(context, true);
  expect(flags()).toBe(0);
});

describe('enabling', () => {
  test('a host that was joined by hand, and is proven, registers it', async () => {
    await activities().enableBackend(context);
    expect(flags()).toBe(0);
  });

  test.each([
    ['000 0.0', 'nothing answers at 10.203.0.10:6443'],
    ['503 0.01', '/readyz answers 503'],
  ])('is not done while the way through the endpoint does not work (%s)', async (answer, because) => {
    await activities().registerBackend(context, false);
    cluster.endpoint = answer;
    await expect(activities().enableBackend(context)).rejects.toMatchObject({
      type: 'BackendNotUp',
      message: `/readyz through 10.203.0.10:6443 is not ok: ${because}`,
      details: { host: 'cp3' },
    });
  });

  test('where the load balancer is external changes nothing, and the way through it is seen all the same', async () => {
    expect(await activities().enableBackend(external)).toMatch(/external, so nothing was changed there; UP; \/readyz/);
    cluster.endpoint = '000 0.0';
    await expect(activities().enableBackend(external)).rejects.toMatchObject({ type: 'BackendNotUp' });
    expect(lb1.host.runs).toEqual([]);
  });
});

describe('a probe of the backend', () => {
  test('is tried again while a load balancer does not see it UP', async () => {
    await expect(activities().probeBackend(context)).rejects.toThrow('no load balancer knows cp3');
    await activities().registerBackend(context, false);
    await expect(activities().probeBackend(context)).rejects.toThrow(/lb1 sees cp3 MAINT/);
    await activities().enableBackend(context);
    expect(await activities().probeBackend(context)).toBe('the load balancer sees cp3 UP');
  });

  test('of an external load balancer goes through the endpoint', async () => {
    expect(await activities().probeBackend(external)).toMatch(/^cp3 reaches a ready API server through/);
  });
});
