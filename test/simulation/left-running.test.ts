import { describe, expect, it } from 'vitest';
import { signalNumbers } from '../../lab/simulation/system/signals.js';
import { eventually } from '../scenarios/eventually.js';
import { buildCluster } from './support/cluster.js';
import { expectAllJoined } from './support/expect.js';
import { kubectl, whenPrinted } from './support/inject.js';
import { watch } from './support/invariants.js';
import { requireFinished } from './support/product.js';

const runningOn = (cluster: Awaited<ReturnType<typeof buildCluster>>, host: string): string[] =>
  cluster.simulation
    .host(host)
    .machine.systemd.loaded()
    .filter(({ name, isRunning }) => isRunning && name.startsWith('quorate-'))
    .map(({ name }) => name);

describe('kubeadm that an operation left running', () => {
  it.each([
    ['join-control-plane', 'cp2', '[etcd] Announced new etcd member joining to the existing etcd cluster'],
    ['join-worker', 'w1', '[preflight] Running pre-flight checks'],
  ] as const)('of a %s that was terminated in Temporal: the next one stops it, and joins', async (kind, host, line) => {
    const cluster = await buildCluster({ policy: { resetDirtyHosts: 'when-ours' } });
    const { simulation, harness } = cluster;
    const watched = watch(simulation);
    watched.asked(kind, host);
    const hangs = new Promise<void>((resolve) =>
      whenPrinted(simulation, host, line, () => {
        for (const process of simulation.host(host).machine.processes.all())
          if (/(^|\/)kubeadm$/.test(process.argv[0] ?? '')) process.kill(signalNumbers.STOP);
        resolve();
      }),
    );
    const handle = await harness.start(cluster.context(kind, host));
    await hangs;
    await handle.terminate('somebody pressed the wrong button');
    const [unit, ...others] = runningOn(cluster, host);
    expect(unit).toMatch(/^quorate-join-/);
    expect(others).toEqual([]);

    const outcome = requireFinished(await cluster.run(kind, host), simulation);
    expect(outcome).toMatchObject({ status: 'completed' });
    if (outcome.status !== 'completed') return;
    const stopped = outcome.progress.steps.find(({ id }) => id === 'stop-earlier');
    expect(stopped).toMatchObject({ state: 'done', note: expect.stringContaining(`stopped ${unit}`) as unknown });
    await eventually('nothing runs', () => runningOn(cluster, host).length === 0);
    watched.stop();
    expect(watched.violations).toEqual([]);
    // Nobody is left to revoke what a terminated operation had lent: it expires.
    for (const { metadata } of simulation.observer.secrets())
      await kubectl(simulation, 'cp1', `-n kube-system delete secret ${metadata.name}`);
    await expectAllJoined(
      cluster,
      kind === 'join-worker' ? { controlPlane: ['cp1'], workers: ['w1'] } : { controlPlane: ['cp1', 'cp2'] },
    );
  });
});
