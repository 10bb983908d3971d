// What the simulation has for people who do something on hosts themselves, and for those who watch them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubernetesOf } from '../../lab/simulation/kubernetes/kubernetes.js';
import { kubectl, onConsole } from './support/inject.js';
import { startCluster } from './support/cluster.js';
import type { Cluster } from './support/cluster.js';
import { eventually } from '../scenarios/eventually.js';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ controlPlanes: 2, hosts: 2, workers: 2 });
});
afterAll(() => cluster.stop());

const etcd = () => {
  const [one] = [...cluster.simulation.world.etcdClusters.values()];
  if (one === undefined) throw new Error('there is no etcd cluster');
  return one;
};

describe('a host that is renamed', () => {
  it('has the new name everywhere, for good only when it is in /etc/hostname', async () => {
    const shown = () =>
      onConsole(
        cluster.simulation,
        'w2',
        'hostname; uname -n; cat /proc/sys/kernel/hostname /etc/hostname; echo $HOSTNAME',
      );
    const { machine } = cluster.simulation.host('w2');
    await onConsole(cluster.simulation, 'w2', 'hostname for-now');
    expect((await shown()).split('\n')).toEqual(['for-now', 'for-now', 'for-now', 'w2', 'for-now', '']);
    machine.powerCut();
    await cluster.simulation.host('w2').power('on');
    expect((await shown()).split('\n')).toEqual(['w2', 'w2', 'w2', 'w2', 'w2', '']);
    await onConsole(cluster.simulation, 'w2', 'hostnamectl set-hostname w9');
    machine.powerCut();
    await cluster.simulation.host('w2').power('on');
    expect((await shown()).split('\n')).toEqual(['w9', 'w9', 'w9', 'w9', 'w9', '']);
    // A new disk has the name that the host was given.
    await cluster.simulation.host('w2').power('rebuild');
    expect(await shown()).toMatch(/^w2\n/);
  });

  it('is no Node to its kubelet any more: that may write only its own', async () => {
    await cluster.finish('join-worker', 'w2');
    await onConsole(cluster.simulation, 'w2', 'systemctl stop kubelet; hostnamectl set-hostname w9');
    // Quorate joins by the name of the specification.
    const flags = '/var/lib/kubelet/kubeadm-flags.env';
    expect(await onConsole(cluster.simulation, 'w2', `cat ${flags}`)).not.toContain('hostname-override');
    await onConsole(cluster.simulation, 'w2', 'systemctl start kubelet');
    const said = 'nodes \\"w9\\" is forbidden: node \\"w2\\" is not allowed to modify node \\"w9\\"';
    await eventually('it is refused', async () =>
      (await onConsole(cluster.simulation, 'w2', 'journalctl -u kubelet')).includes(said.replaceAll('\\"', '"')),
    );
    expect(cluster.simulation.observer.nodes().map(({ name }) => name)).toEqual(['cp1', 'cp2', 'w2']);
  });
});

describe('who watches the world', () => {
  it('is told which process had an object written or deleted, and a member removed', async () => {
    const seen: string[] = [];
    const { world } = cluster.simulation;
    const stopObjects = kubernetesOf(world, etcd()).onWrite((_store, { plural }, { metadata }, { verb, by }) =>
      seen.push(`${by?.argv.slice(0, 3).join(' ')} in ${by?.controlGroup}: ${verb} ${plural} ${metadata.name}`),
    );
    const stopMembers = etcd().onMember(({ what, member, by }) =>
      seen.push(`${by?.argv.at(-2)} in ${by?.controlGroup}: ${what} ${member.peerUrls.join()}`),
    );
    const token = (await onConsole(cluster.simulation, 'cp1', 'kubeadm token create --ttl 0')).slice(0, 6);
    await kubectl(cluster.simulation, 'cp1', `-n kube-system delete secret bootstrap-token-${token}`);
    const pki = '/etc/kubernetes/pki/etcd';
    const etcdctl = `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${pki}/ca.crt --cert=${pki}/healthcheck-client.crt --key=${pki}/healthcheck-client.key`;
    await onConsole(
      cluster.simulation,
      'cp1',
      `${etcdctl} member add x --learner --peer-urls https://10.203.0.99:2380`,
    );
    const learner = etcd()
      .members()
      .find(({ isLearner }) => isLearner);
    await onConsole(cluster.simulation, 'cp1', `${etcdctl} member remove ${learner?.id}`);
    stopObjects();
    stopMembers();
    const console = '/user.slice/console.scope';
    expect(seen).toEqual([
      `kubeadm token create in ${console}: create secrets bootstrap-token-${token}`,
      `kubectl --kubeconfig /etc/kubernetes/admin.conf in ${console}: delete secrets bootstrap-token-${token}`,
      expect.stringMatching(/added https:\/\/10\.203\.0\.99:2380$/),
      `remove in ${console}: removed https://10.203.0.99:2380`,
    ]);
  });
});

describe('the moment before a command', () => {
  it('is one in which somebody can act: the command begins afterwards', async () => {
    const { simulation, hosts } = cluster;
    const host = hosts.host('w1');
    let times = 0;
    const stop = simulation.faults.beforeCommand('w1', /cat '\/root\/it is'/, async () => {
      times += 1;
      await onConsole(simulation, 'w1', "echo new > '/root/it is'");
    });
    await onConsole(simulation, 'w1', "echo old > '/root/it is'");
    expect((await host.run('echo other')).stdout).toBe('other\n');
    expect(times).toBe(0);
    expect((await host.run("cat '/root/it is'")).stdout).toBe('new\n');
    expect(times).toBe(1);
    stop();
    await onConsole(simulation, 'w1', "echo old > '/root/it is'");
    expect((await host.run("cat '/root/it is'")).stdout).toBe('old\n');
    expect(times).toBe(1);
  });
});
