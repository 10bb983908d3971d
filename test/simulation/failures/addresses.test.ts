import { describe, expect, it } from 'vitest';
import { makeTopology } from '../../../lab/topology.js';
import { buildCluster } from '../support/cluster.js';
import { expectAllJoined, expectBlocked, expectRefused, expectUntouched, logsOf } from '../support/expect.js';
import { onConsole } from '../support/inject.js';
import { decideAndWait, requireFinished, startProduct } from '../support/product.js';

/** What a reset leaves of the network of an earlier node. */
const oldNetwork = `mkdir -p /etc/cni/net.d /var/lib/cni/networks/cbr0
echo '{ "cniVersion": "1.0.0", "name": "cbr0", "plugins": [{ "type": "flannel" }] }' >/etc/cni/net.d/10-flannel.conflist
echo 10.244.3.2 >/var/lib/cni/networks/cbr0/last_reserved_ip.0
ip link add cni0 type bridge`;
const oldRules = `table ip kube-proxy {
\tchain KUBE-SERVICES {
\t\tip daddr 10.96.0.1 tcp dport 443 jump KUBE-SVC-OLD
\t}
}
`;

describe('addresses and networks of hosts', () => {
  it('F14: the network of an earlier node is told and left alone, until the policy says to clean it', async () => {
    const cluster = await buildCluster({ workers: 2 });
    const { simulation } = cluster;
    for (const host of ['w1', 'w2']) {
      await onConsole(simulation, host, oldNetwork);
      simulation.host(host).machine.packetFilter.set('ip kube-proxy', oldRules);
    }
    // As it is by default: the plan has a note of it.
    const outcome = await cluster.finish('join-worker', 'w1');
    expect(outcome).toMatchObject({
      progress: {
        plan: expect.arrayContaining([
          expect.stringMatching(
            /^note: w1 keeps what looks like the network of an earlier node: \/etc\/cni\/net\.d \(1 file\), \/var\/lib\/cni \(1 file\), network link cni0, 1 packet-filter rule; Pods there may not reach others$/,
          ),
        ]) as string[],
      },
    });
    expect(simulation.observer.read('w1', '/etc/cni/net.d/10-flannel.conflist')).toContain('cbr0');
  });

  it('F14: with policy.networkLeftovers: clean it is deleted once that is approved, and the join goes on', async () => {
    const cluster = await buildCluster({ policy: { networkLeftovers: 'clean' } });
    const { simulation } = cluster;
    await onConsole(simulation, 'w1', oldNetwork);
    simulation.host('w1').machine.packetFilter.set('ip kube-proxy', oldRules);
    const outcome = await cluster.run('join-worker', 'w1');
    const { remedy } = expectBlocked(outcome, 'DirtyHost', /^w1 keeps the network of an earlier node: /);
    expect(remedy).toMatch(/^approve a reset of w1.* would stop and delete: \/etc\/cni\/net\.d \(1 file\)/);
    expect(simulation.observer.read('w1', '/etc/cni/net.d/10-flannel.conflist')).toContain('cbr0');
    requireFinished(await decideAndWait(outcome, 'approve'), simulation);
    expect(simulation.observer.read('w1', '/etc/cni/net.d/10-flannel.conflist')).toBeUndefined();
    expect(simulation.host('w1').machine.links.has('cni0')).toBe(false);
    await expectAllJoined(cluster, { controlPlane: ['cp1'], workers: ['w1'] });
  });

  it('F18: a declared address that peers do not reach is told; the member takes that one, not the default route’s', async () => {
    const cluster = await buildCluster({ controlPlanes: 2 });
    const { simulation } = cluster;
    const { machine } = simulation.host('cp3');
    machine.routedAddress = '192.168.77.13';
    await simulation.faults.dropPort('cp3', 2380);
    const outcome = await cluster.run('join-control-plane', 'cp3');
    expectRefused(
      outcome,
      'EndpointUnreachable',
      /^cp3:2380 is not reachable from cp[12] on the declared address 10\.203\.0\.13: no answer \(timeout\)$/,
    );
    expect(outcome).toMatchObject({
      details: {
        remedy: expect.stringMatching(/open TCP 2380 from cp[12] to cp3, or correct spec\.hosts\.cp3/) as string,
      },
    });
    expectUntouched(simulation, 'cp3');
    expect(simulation.observer.voters()).toEqual(['cp1', 'cp2']);
    await simulation.faults.clear();
    await cluster.finish('join-control-plane', 'cp3');
    expect(simulation.observer.members().find(({ name }) => name === 'cp3')?.peerUrls).toEqual([
      `https://${machine.address}:2380`,
    ]);
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2', 'cp3'] });
  });
});

const virtualAddress = '10.203.0.50';
const manifest = '/etc/kubernetes/manifests/kube-vip.yaml';
/** As `kube-vip manifest pod` writes it, with what matters here. */
const kubeVip = `apiVersion: v1
kind: Pod
metadata: { name: kube-vip, namespace: kube-system }
spec:
  hostNetwork: true
  containers:
  - name: kube-vip
    image: ghcr.io/kube-vip/kube-vip:v1.0.1
    args: [manager]
    env:
    - { name: vip_leaderelection, value: "true" }
    - { name: address, value: ${virtualAddress} }
    volumeMounts:
    - mountPath: /etc/kubernetes/admin.conf
      name: kubeconfig
  hostAliases:
  - { hostnames: [kubernetes], ip: 127.0.0.1 }
  volumes:
  - hostPath:
      path: /etc/kubernetes/admin.conf
    name: kubeconfig
`;
const useSuperAdmin = `sed -i 's|path: /etc/kubernetes/admin.conf|path: /etc/kubernetes/super-admin.conf|' ${manifest}`;

describe('a virtual address', () => {
  const start = async () => {
    const product = await startProduct(
      { hosts: makeTopology({ controlPlanes: 1, workers: 0, loadBalancers: 0 }), timeScale: 0.03 },
      (specification) => ({
        ...specification,
        spec: {
          ...specification.spec,
          controlPlaneEndpoint: `${virtualAddress}:6443`,
          loadBalancer: { kind: 'external' },
          policy: { ...specification.spec.policy, resumeWhenHealthy: false },
        },
      }),
    );
    return product;
  };

  it('F21: kube-vip with admin.conf on the first host: said before the init, and it comes up with super-admin.conf', async () => {
    const product = await start();
    try {
      const { simulation } = product;
      await onConsole(simulation, 'cp1', `mkdir -p /etc/kubernetes/manifests; cat >${manifest} <<'X'\n${kubeVip}X`);
      const outcome = await product.run('init', 'cp1');
      expectRefused(
        outcome,
        'HostUnsuitable',
        /^kube-vip on cp1 uses admin\.conf, which has no rights before the cluster is made: 10\.203\.0\.50:6443 would never answer$/,
      );
      expect(outcome).toMatchObject({ details: { remedy: expect.stringContaining(useSuperAdmin) as string } });
      expect(simulation.observer.files('cp1', '/etc/kubernetes')).toEqual([manifest]);
      await onConsole(simulation, 'cp1', useSuperAdmin);
      requireFinished(await product.run('init', 'cp1'), simulation);
      expect(await simulation.observer.readyz('cp1', `${virtualAddress}:6443`)).toBe(200);
      expect(simulation.observer.voters()).toEqual(['cp1']);
      expect(simulation.world.defects).toEqual([]);
    } finally {
      await product.stop();
    }
  });

  it('F21: an address that nobody carries: kubeadm gives up on it, and a rollback cleans the host', async () => {
    const product = await start();
    try {
      const { simulation } = product;
      const outcome = await product.run('init', 'cp1');
      const { remedy, evidence } = expectBlocked(
        outcome,
        'EndpointUnreachable',
        /^the API server of cp1 runs, but kubeadm did not reach it through 10\.203\.0\.50:6443: the address does not answer$/,
      );
      expect(remedy).toContain('kube-vip on cp1 needs super-admin.conf until the cluster is made');
      expect(evidence.join('\n')).toContain('could not bootstrap the admin user in file admin.conf');
      expect(logsOf(simulation, 'cp1')).toContain('[control-plane-check] kube-apiserver is healthy');
      expect(await decideAndWait(outcome, 'rollback')).toMatchObject({ progress: { outcome: 'rolled-back' } });
      expectUntouched(simulation, 'cp1');
    } finally {
      await product.stop();
    }
  });
});
