import { describe, expect, it } from 'vitest';
import { makeCa } from '../../../lab/simulation/certificates/certificates.js';
import type { Simulation } from '../../../lab/simulation/index.js';
import { progressOf } from '../../support/workflow-harness.js';
import { buildCluster } from '../support/cluster.js';
import { expectAllJoined, expectBlocked, expectRefused, expectUntouched, logsOf } from '../support/expect.js';
import { eventually } from '../../scenarios/eventually.js';
import { kubectl, onConsole, whenPrinted, whenWritten } from '../support/inject.js';
import { decideAndWait, requireFinished } from '../support/product.js';

const joinFile = /^\/run\/quorate\/\w+\/join\.yaml$/;
const deadServer = 'https://10.99.0.5:6443';

/** Writes cluster-info by hand; the controller-manager signs what it finds. */
const changeClusterInfo = async (simulation: Simulation, change: (kubeconfig: string) => string): Promise<void> => {
  const { data } = JSON.parse(
    await kubectl(simulation, 'cp1', '-n kube-public get configmap cluster-info -o json'),
  ) as {
    data: { kubeconfig: string };
  };
  const patch = JSON.stringify({ data: { kubeconfig: change(data.kubeconfig) } });
  await kubectl(simulation, 'cp1', `-n kube-public patch configmap cluster-info --type merge -p '${patch}'`);
};

const withOtherCa = (kubeconfig: string): string => {
  const ca = makeCa({ commonName: 'kubernetes', notBefore: Date.now() - 60_000, notAfter: Date.now() + 1e10 });
  const data = Buffer.from(ca.certificate, 'latin1').toString('base64');
  return kubeconfig.replace(/(certificate-authority-data: ).*/, `$1${data}`);
};
const withDeadServer = (kubeconfig: string): string => kubeconfig.replace(/(server: ).*/, `$1${deadServer}`);

/** The remedy that the message names: kubeadm writes cluster-info anew. It makes a token of its own, which is deleted. */
const writeClusterInfoAnew = (simulation: Simulation): Promise<string> =>
  onConsole(
    simulation,
    'cp1',
    'before=$(kubeadm token list -o json); kubeadm init phase bootstrap-token && for token in $(kubeadm token list | sed -n "s/^\\([a-z0-9]*\\)\\..*/\\1/p"); do case $before in *"$token"*) ;; *) kubeadm token delete "$token" ;; esac; done',
  );

describe('cluster-info and kubeadm-config', () => {
  it('F5: another CA in cluster-info: said before anything is made, with the command that mends it', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    await changeClusterInfo(simulation, withOtherCa);
    const outcome = await cluster.run('join-control-plane', 'cp2');
    expectRefused(
      outcome,
      'ClusterMismatch',
      /^the CA in cluster-info \(sha256:\w+\) differs from ca\.crt on cp1 \(sha256:\w+\)$/,
    );
    expect(outcome).toMatchObject({
      details: { remedy: expect.stringContaining('kubeadm init phase bootstrap-token') as string },
    });
    expectUntouched(simulation, 'cp2');
    expect(simulation.observer.tokens()).toEqual([]);
    await writeClusterInfoAnew(simulation);
    await cluster.finish('join-control-plane', 'cp2');
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F5: a CA that is replaced under the join: kubeadm does not believe it, and nothing is on the host', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    whenWritten(simulation, 'cp2', joinFile, () => void changeClusterInfo(simulation, withOtherCa));
    const outcome = await cluster.run('join-control-plane', 'cp2');
    const { remedy, evidence } = expectBlocked(outcome, 'ClusterMismatch', /cluster-info is not the cluster's CA/);
    expect(remedy).toContain('kubeadm init phase bootstrap-token');
    expect(evidence.join('\n')).toMatch(/cluster CA found in cluster-info .* none of the public keys .* are pinned/);
    expect(evidence.join('\n')).toContain('etcd member: none; Node: none');
    expectUntouched(simulation, 'cp2');
    await writeClusterInfoAnew(simulation);
    requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F8: cluster-info names a server that is gone: all three values are told, and nothing is touched', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    await changeClusterInfo(simulation, withDeadServer);
    const outcome = await cluster.run('join-worker', 'w1');
    expectRefused(
      outcome,
      'ClusterMismatch',
      /^cluster-info says \S*10\.99\.0\.5:6443, kubeadm-config says 10\.203\.0\.10:6443, the specification says 10\.203\.0\.10:6443$/,
    );
    expectUntouched(simulation, 'w1');
    expect(simulation.observer.tokens()).toEqual([]);
    await writeClusterInfoAnew(simulation);
    await cluster.finish('join-worker', 'w1');
    await expectAllJoined(cluster, { controlPlane: ['cp1'], workers: ['w1'] });
  });

  it('F8: a server that changes under the join: the dead one is named when kubeadm has given up on it', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    whenWritten(simulation, 'w1', joinFile, () => void changeClusterInfo(simulation, withDeadServer));
    const outcome = await cluster.run('join-worker', 'w1');
    expectBlocked(
      outcome,
      'ClusterMismatch',
      /^cluster-info names 10\.99\.0\.5:6443, not 10\.203\.0\.10:6443, and it does not answer$/,
    );
    expect(logsOf(simulation, 'w1')).toContain(`unable to fetch the kubeadm-config ConfigMap`);
    expectUntouched(simulation, 'w1');
    await writeClusterInfoAnew(simulation);
    requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1'], workers: ['w1'] });
  });

  it('F9: the endpoint is away for a moment after discovery: kubeadm of today waits for it', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    let away = 0;
    whenPrinted(simulation, 'cp2', '[preflight] Reading configuration from the "kubeadm-config"', () => {
      simulation.world.network.drop({ from: 'cp2', to: 'lb1' });
      away += 1;
      setTimeout(() => simulation.world.network.clearDrops(), 300);
    });
    await cluster.finish('join-control-plane', 'cp2');
    expect(away).toBe(1);
    expect(simulation.observer.files('cp2', '/var/log/quorate')).toHaveLength(1);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F9: away for longer than kubeadm waits: named, and the join goes on by itself when it is back', async () => {
    const cluster = await buildCluster({ policy: { resumeWhenHealthy: true, probeEvery: '1s' } });
    const { simulation } = cluster;
    whenPrinted(simulation, 'cp2', '[preflight] Reading configuration from the "kubeadm-config"', () => {
      void simulation.faults.rejectPort('lb1', 6443);
    });
    const outcome = await cluster.run('join-control-plane', 'cp2');
    const { watching, evidence } = expectBlocked(
      outcome,
      'LoadBalancerUnavailable',
      /^nobody reaches a ready API server through 10\.203\.0\.10:6443; the cluster's configuration could not be read/,
    );
    expect(watching).toBe('whether the load balancer answers');
    expect(evidence.join('\n')).toContain('unable to fetch the kubeadm-config ConfigMap');
    expectUntouched(simulation, 'cp2');
    await simulation.faults.clear();
    if (outcome.status !== 'blocked') throw new Error('it is blocked');
    await eventually('it has finished', async () => (await progressOf(outcome.handle)).outcome === 'finished');
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });
});
