import { describe, expect, it } from 'vitest';
import { buildCluster } from '../support/cluster.js';
import { expectAllJoined, expectBlocked, expectUntouched, logsOf } from '../support/expect.js';
import { eventually, kubectl, onConsole, whenPrinted, whenWritten } from '../support/inject.js';
import { decideAndWait, requireFinished } from '../support/product.js';

const joinFile = /^\/run\/quorate\/\w+\/join\.yaml$/;
const manifest = '/etc/kubernetes/manifests/kube-controller-manager.yaml';

describe('credentials and discovery', () => {
  it('F1: a bootstrap token that is deleted under the join is made again, once', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    let deleted: string | undefined;
    whenWritten(simulation, 'cp2', joinFile, () => {
      const token = simulation.observer.tokens().find(({ description }) => description.startsWith('quorate '));
      deleted = token?.id;
      void kubectl(simulation, 'cp1', `-n kube-system delete secret bootstrap-token-${token?.id}`);
    });
    await cluster.finish('join-control-plane', 'cp2');
    expect(deleted).toMatch(/^[a-z0-9]{6}$/);
    // kubeadm's own words, from its first run
    expect(simulation.observer.files('cp2', '/var/log/quorate')).toHaveLength(2);
    expect(logsOf(simulation, 'cp2')).toContain(
      `could not find a JWS signature in the cluster-info ConfigMap for token ID "${deleted}"`,
    );
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F2: no controller-manager leads: said before anything is made, and mended by its return', async () => {
    const cluster = await buildCluster({ policy: { budgets: { join: '30m', unreachable: '3s', ready: '1s' } } });
    const { simulation } = cluster;
    await onConsole(simulation, 'cp1', `mv ${manifest} /root/`);
    await eventually(
      'its lease is old',
      async () =>
        Date.now() -
          Date.parse(
            JSON.parse(await kubectl(simulation, 'cp1', '-n kube-system get lease kube-controller-manager -o json'))
              .spec.renewTime,
          ) >
        60_000,
    );
    const outcome = await cluster.run('join-control-plane', 'cp2');
    const { remedy } = expectBlocked(outcome, 'ControllerManagerNotLeading', /no kube-controller-manager leads/);
    expect(remedy).toContain('do not create tokens anew');
    expectUntouched(simulation, 'cp2');
    expect(simulation.observer.tokens()).toEqual([]);
    await onConsole(simulation, 'cp1', `mv /root/kube-controller-manager.yaml ${manifest}`);
    await eventually(
      'it leads again',
      () => simulation.world.machines.get('cp1')?.listeners.some(({ port }) => port === 10_257) === true,
    );
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F3: shared certificates that are gone are uploaded again, once', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    whenPrinted(simulation, 'cp2', 'before initializing the new control plane instance', () => {
      void kubectl(simulation, 'cp1', '-n kube-system delete secret kubeadm-certs');
    });
    await cluster.finish('join-control-plane', 'cp2');
    expect(logsOf(simulation, 'cp2')).toContain('Secret "kubeadm-certs" was not found in the "kube-system" Namespace');
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F4: shared certificates that somebody overwrote with another key are uploaded again, once', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    whenWritten(simulation, 'cp2', joinFile, () => {
      void onConsole(simulation, 'cp1', 'kubeadm init phase upload-certs --upload-certs');
    });
    await cluster.finish('join-control-plane', 'cp2');
    expect(logsOf(simulation, 'cp2')).toContain('cipher: message authentication failed');
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });
});
