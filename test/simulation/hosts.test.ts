import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulation } from '../../lab/simulation/index.js';
import type { Simulation } from '../../lab/simulation/index.js';
import { makeTopology } from '../../lab/topology.js';
import { readHost } from '../../adapters/host/read-host.js';
import { createHosts } from '../../adapters/ssh/hosts.js';
import type { Hosts } from '../../adapters/ssh/types.js';

let simulation: Simulation;
let hosts: Hosts;
beforeAll(async () => {
  simulation = await startSimulation({
    hosts: makeTopology({ controlPlanes: 1, workers: 0, loadBalancers: 0 }),
    timeScale: 0.01,
  });
  hosts = createHosts({ configFile: simulation.sshConfigFile });
});
afterAll(async () => {
  await hosts.close();
  await simulation.down();
});

describe('a clean host, read by the product over SSH', () => {
  it('gives all facts', async () => {
    const facts = await readHost(hosts.host('cp1'), { address: '10.203.0.11' });
    expect(simulation.world.defects).toEqual([]);
    expect(facts).toEqual({
      hostname: 'cp1',
      machineId: simulation.host('cp1').machine.machineId,
      bootId: simulation.host('cp1').machine.bootId,
      os: 'Debian GNU/Linux 12 (bookworm)',
      kernel: '6.1.0-44-amd64',
      architecture: 'x86_64',
      cpus: 2,
      memoryMiB: 3934,
      cgroupVersion: 2,
      swapOn: false,
      addresses: ['10.203.0.11'],
      mtu: 1500,
      diskFreeMiB: {
        '/var/lib/kubelet': 5529,
        '/var/lib/etcd': 5529,
        '/var/lib/containerd': 5529,
        '/etc': 5529,
      },
      clockOffsetMs: expect.any(Number),
      versions: { kubeadm: 'v1.37.1', kubelet: 'v1.37.1', kubectl: 'v1.37.1', containerd: '1.6.20~ds1' },
      runtimeReady: true,
      sysctls: {
        'net.ipv4.ip_forward': '1',
        'net.ipv6.conf.all.forwarding': '0',
        'net.ipv6.conf.default.forwarding': '0',
        'net.bridge.bridge-nf-call-iptables': '1',
        'net.bridge.bridge-nf-call-ip6tables': '1',
      },
      kubelet: { enabled: 'disabled', active: 'inactive' },
      containerd: { enabled: 'enabled', active: 'active' },
      listeners: [],
      kubernetesFiles: [],
      kubeconfigs: [],
      etcdDataPresent: false,
      kubeletStatePresent: false,
      cniFiles: [],
      cniLinks: [],
      packetFilterRules: 0,
      homeKubeconfigs: [],
      kubeletMounts: [],
      identity: [`/etc/machine-id ${simulation.host('cp1').machine.machineId}`],
      foreignServerAnswers: {},
    });
    expect(Math.abs(facts.clockOffsetMs)).toBeLessThan(200);
  });
});
