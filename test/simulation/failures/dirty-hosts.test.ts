import { describe, expect, it } from 'vitest';
import { makeCa } from '../../../lab/simulation/certificates/certificates.js';
import { renderKubeconfig } from '../../../lab/simulation/kubernetes/kubeconfig.js';
import type { Simulation } from '../../../lab/simulation/index.js';
import { buildCluster } from '../support/cluster.js';
import { expectAllJoined, expectBlocked, expectRefused, expectUntouched, logsOf } from '../support/expect.js';
import { eventually, kubectl, onConsole } from '../support/inject.js';
import { decideAndWait, requireFinished } from '../support/product.js';

const otherCa = (): string =>
  makeCa({ commonName: 'kubernetes', notBefore: Date.now() - 60_000, notAfter: Date.now() + 1e10 }).certificate;

const write = (simulation: Simulation, host: string, path: string, content: string): void => {
  const { files } = simulation.host(host).machine;
  files.makeDirectories(path.replace(/\/[^/]*$/, ''));
  files.write(path, content);
};

const kubeconfig = (server: string, ca: string): string =>
  renderKubeconfig({ server, ca, cluster: 'old', user: 'old', credentials: { token: 'x' } });

describe('hosts that were something else before', () => {
  it('F6: certificates of another cluster: nothing is touched until a reset is approved', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    write(simulation, 'cp2', '/etc/kubernetes/pki/ca.crt', otherCa());
    const outcome = await cluster.run('join-control-plane', 'cp2');
    const { evidence } = expectBlocked(
      outcome,
      'DirtyHost',
      /cp2 still carries a node of another cluster: its CA \(sha256:\w+…\) is not that of/,
    );
    expect(evidence.join('\n')).toContain('/etc/kubernetes/pki/ca.crt: CA sha256:');
    expect(simulation.observer.files('cp2', '/etc/kubernetes')).toEqual(['/etc/kubernetes/pki/ca.crt']);
    requireFinished(await decideAndWait(outcome, 'approve'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });

  it('F7: an admin.conf of another cluster is no way around discovery', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    write(simulation, 'cp2', '/etc/kubernetes/admin.conf', kubeconfig('https://10.99.0.5:6443', otherCa()));
    const outcome = await cluster.run('join-control-plane', 'cp2');
    expectBlocked(outcome, 'DirtyHost', /admin\.conf points to https:\/\/10\.99\.0\.5:6443/);
    requireFinished(await decideAndWait(outcome, 'approve'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
    expect(logsOf(simulation, 'cp2')).not.toContain('skipping discovery');
  });

  it('F11: a port that somebody else holds: the holder is named, and left alone', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    await onConsole(simulation, 'w1', 'systemd-run --unit=squatter socat TCP-LISTEN:10250,fork -');
    const outcome = await cluster.run('join-worker', 'w1');
    expectRefused(outcome, 'PortInUse', /port 10250 on w1 is held by socat \(pid \d+, unit squatter\.service\)/);
    expect(await onConsole(simulation, 'w1', 'systemctl is-active squatter')).toBe('active\n');
    expect(simulation.observer.tokens()).toEqual([]);
    await onConsole(simulation, 'w1', 'systemctl stop squatter');
    await cluster.finish('join-worker', 'w1');
    await expectAllJoined(cluster, { controlPlane: ['cp1'], workers: ['w1'] });
  });

  it('F12: leftovers of nobody knows what are asked about; those of our own join are cleaned and joined again', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    write(simulation, 'w1', '/etc/kubernetes/kubelet.conf', 'not a kubeconfig');
    const outcome = await cluster.run('join-worker', 'w1');
    expectBlocked(outcome, 'DirtyHost', /w1 still carries an earlier node/);
    requireFinished(await decideAndWait(outcome, 'approve'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1'], workers: ['w1'] });
  });

  it('F13: a living node of another cluster is never reset', async () => {
    const [cluster, other] = [await buildCluster(), await buildCluster({ workers: 2 })];
    const { simulation } = cluster;
    await other.finish('join-worker', 'w2');
    // w1's address belongs to a host on which a node of the other cluster lives: here it gets that node's files.
    const ca = other.simulation.observer.read('cp1', '/etc/kubernetes/pki/ca.crt') ?? '';
    write(simulation, 'w1', '/etc/kubernetes/pki/ca.crt', ca);
    write(simulation, 'w1', '/etc/kubernetes/kubelet.conf', kubeconfig('https://10.203.0.99:6443', ca));
    const living = await simulation.addHost({ name: 'elsewhere', kind: 'node', addressSuffix: 99 });
    await onConsole(simulation, 'elsewhere', 'systemd-run --unit=api socat TCP-LISTEN:6443,fork -');
    living.machine.listeners = living.machine.listeners.map((one) => ({
      ...one,
      service: { certificate: () => '', http: () => ({ status: 401, body: 'Unauthorized' }) },
    }));
    const outcome = await cluster.run('join-worker', 'w1');
    expectRefused(outcome, 'ForeignHost', /w1 belongs to .*alive/);
    expect(simulation.observer.files('w1', '/etc/kubernetes')).toHaveLength(2);
  });

  it('F15: a mount that is busy in the reset is detached at the second try', async () => {
    const cluster = await buildCluster({ policy: { resetDirtyHosts: 'when-ours' } });
    const { simulation } = cluster;
    await cluster.finish('join-worker', 'w1');
    await kubectl(simulation, 'cp1', 'delete node w1');
    await onConsole(simulation, 'w1', 'systemctl stop kubelet; rm -f /var/lib/kubelet/pki/*');
    simulation.host('w1').machine.mounts.add('/var/lib/kubelet/pods/x/volumes/busy', { busy: true });
    await cluster.finish('join-worker', 'w1');
    expect(logsOf(simulation, 'w1')).toContain('device or resource busy');
    expect(simulation.host('w1').machine.mounts.text()).not.toContain('busy');
    await expectAllJoined(cluster, { controlPlane: ['cp1'], workers: ['w1'] });
  });

  it('F16: cgroup v1 where the version needs v2, said before a token is made', async () => {
    const cluster = await buildCluster({ kubeadm: { ignorePreflightErrors: [], kubelet: {} } });
    const { simulation } = cluster;
    simulation.host('w1').machine.cgroupVersion = 1;
    expectRefused(await cluster.run('join-worker', 'w1'), 'HostUnsuitable', /cgroup v1/);
    expectUntouched(simulation, 'w1');
    expect(simulation.observer.tokens()).toEqual([]);
  });

  it('F17: a Ready Node of the same name on another machine', async () => {
    const cluster = await buildCluster({ workers: 2 });
    const { simulation } = cluster;
    // Another machine joins by hand under the name of w1.
    await onConsole(
      simulation,
      'w2',
      `cat > /root/join.yaml <<X
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: { name: w1, kubeletExtraArgs: [{ name: node-ip, value: ${simulation.host('w2').address} }] }
discovery:
  bootstrapToken:
    apiServerEndpoint: 10.203.0.10:6443
    token: ${(await onConsole(simulation, 'cp1', 'kubeadm token create')).trim()}
    unsafeSkipCAVerification: true
X
kubeadm join --config /root/join.yaml`,
    );
    await eventually('the twin is Ready', () => simulation.observer.readyNodes().includes('w1'));
    const outcome = await cluster.run('join-worker', 'w1');
    expectRefused(outcome, 'IdentityConflict', /Node w1/);
    expectUntouched(simulation, 'w1');
    expect(simulation.observer.readyNodes()).toContain('w1');
  });
});
