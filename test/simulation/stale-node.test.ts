import { expect, it } from 'vitest';
import { buildCluster } from './support/cluster.js';
import { expectAllJoined } from './support/expect.js';
import { onConsole } from './support/inject.js';

it('a worker that somebody has just reset by hand joins again, though its Node is still Ready', async () => {
  // A slow machine would miss the seconds for which a Node without a kubelet is still Ready.
  const cluster = await buildCluster({ timeScale: 0.1 });
  const { simulation } = cluster;
  const { observer } = simulation;
  await cluster.finish('join-worker', 'w1');
  const before = observer.nodes().find(({ name }) => name === 'w1')?.uid;
  await onConsole(simulation, 'w1', 'kubeadm reset --force');
  expect(observer.readyNodes()).toContain('w1');
  const outcome = await cluster.finish('join-worker', 'w1');
  expect(outcome).toMatchObject({ status: 'completed', progress: { decisions: [] } });
  if (outcome.status !== 'completed') return;
  const deleted = outcome.progress.steps.find(({ id }) => id === 'remove-stale-node');
  expect(deleted).toMatchObject({ state: 'done', note: 'deleted its old Node (Ready)' });
  expect(observer.nodes().find(({ name }) => name === 'w1')?.uid).not.toBe(before);
  await expectAllJoined(cluster, { controlPlane: ['cp1'], workers: ['w1'] });
});
