import { makeCa } from '../../../lab/simulation/certificates/certificates.js';
import type { Simulation } from '../../../lab/simulation/index.js';
import { etcdOn } from '../../../lab/simulation/etcd/server.js';
import { renderKubeconfig } from '../../../lab/simulation/kubernetes/kubeconfig.js';
import { kubernetesOf } from '../../../lab/simulation/kubernetes/kubernetes.js';
import { secrets, Store } from '../../../lab/simulation/kubernetes/store.js';
import { readToken } from '../../../lab/simulation/kubernetes/tokens.js';
import type { FaultStep, Script } from './script.js';

const skewMs = 60_000;
const momentMs = 150;

/** Faults of a schedule as they are made on simulated hosts. */
export interface RandomFaults {
  /** Something of an earlier node. */
  leave(host: string, kind: Script['leftovers'][number]['kind']): void;
  make(step: FaultStep): Promise<void>;
  /** Ends all of them; resolves when every host is on. */
  mend(): Promise<void>;
}

const write = (simulation: Simulation, host: string, path: string, content: string): void => {
  const { files } = simulation.host(host).machine;
  files.makeDirectories(path.replace(/\/[^/]*$/, ''));
  files.write(path, content);
};

export const makeRandomFaults = (simulation: Simulation, killWorker: () => void): RandomFaults => {
  const { faults, observer } = simulation;
  const kubeletsStopped = new Set<string>();
  const serving = (): string | undefined =>
    simulation.hosts.find(({ name, kind }) => kind === 'node' && observer.isServing(name))?.name;
  const onServing = async (script: string): Promise<void> => {
    const host = serving();
    if (host === undefined) return;
    // Whoever does this by hand has no better luck than anybody else.
    await simulation.host(host).console(`timeout 5 sh -c '${script}'`, {});
  };
  const deleteTokens = (): void => {
    const host = serving();
    const etcd = host === undefined ? undefined : etcdOn(simulation.host(host).machine);
    if (etcd === undefined) return;
    const store = new Store(etcd.cluster, etcd.member);
    for (const secret of store.list(secrets, 'kube-system')) {
      if (readToken(secret) === undefined) continue;
      store.delete(secrets, secret.metadata.name, 'kube-system');
      kubernetesOf(simulation.world, etcd.cluster).changed(store, secrets, secret, { verb: 'delete' });
    }
  };
  /** What a node of the cluster of a host has of it; undefined where there is none. */
  const readCluster = (host: string): { ca: string; server: string; etcd: string } | undefined => {
    const ca = observer.read(host, '/etc/kubernetes/pki/ca.crt');
    const [, server] = /server: (\S+)/.exec(observer.read(host, '/etc/kubernetes/admin.conf') ?? '') ?? [];
    const etcd = etcdOn(simulation.host(host).machine)?.cluster.id;
    return ca === undefined || server === undefined || etcd === undefined ? undefined : { ca, server, etcd };
  };
  const isOn = (host: string): boolean => simulation.host(host).isOn();

  const make = async (step: FaultStep): Promise<void> => {
    switch (step.do) {
      case 'power cut':
        return simulation.host(step.host).powerCut();
      case 'reboot':
        if (isOn(step.host)) void simulation.host(step.host).reboot();
        return;
      case 'freeze':
        simulation.host(step.host).freeze();
        return;
      case 'isolate':
        return faults.isolate(step.host);
      case 'cut off from ssh':
        return faults.cutFrom('orchestrator', step.host);
      case 'ssh cut to some':
        for (const host of step.hosts) await faults.cutFrom('orchestrator', host);
        return;
      case 'ssh lost for a moment': {
        const { machine } = simulation.host(step.host);
        machine.reachableBySsh = false;
        setTimeout(() => (machine.reachableBySsh = true), momentMs);
        return;
      }
      case 'disk full':
        return faults.fillDisk(step.host);
      case 'kubelet stopped':
        if (!isOn(step.host)) return;
        kubeletsStopped.add(step.host);
        await simulation.host(step.host).console('systemctl stop kubelet');
        return;
      case 'slow learner':
        faults.slowLearner(step.host, 60_000);
        return;
      case 'clock ahead':
        faults.clock(step.host, skewMs);
        return;
      case 'clock behind':
        faults.clock(step.host, -skewMs);
        return;
      case 'packet loss':
        return faults.loss(step.host, 30);
      case 'partition':
        return faults.partition(step.host, step.other);
      case 'one way':
        return faults.oneWay(step.host, step.other);
      case 'drop port':
        return faults.dropPort(step.host, step.port);
      case 'reject port':
        return faults.rejectPort(step.host, step.port);
      case 'load balancer off':
        return simulation.host('lb1').powerCut();
      case 'tokens deleted':
        deleteTokens();
        return;
      case 'certificates uploaded again':
        return onServing('kubeadm init phase upload-certs --upload-certs');
      case 'worker killed':
        killWorker();
        return;
      case 'worker killed twice':
        killWorker();
        setTimeout(killWorker, 2 * momentMs);
        return;
    }
  };

  return {
    leave: (host, kind) => {
      if (kind === 'unknown') return write(simulation, host, '/etc/kubernetes/kubelet.conf', 'not a kubeconfig');
      const own = kind === 'ours' ? readCluster('cp1') : undefined;
      const ca =
        own?.ca ??
        makeCa({ commonName: 'kubernetes', notBefore: Date.now() - skewMs, notAfter: Date.now() + 1e10 }).certificate;
      const server = own?.server ?? 'https://10.99.0.5:6443';
      write(simulation, host, '/etc/kubernetes/pki/ca.crt', ca);
      write(
        simulation,
        host,
        '/etc/kubernetes/kubelet.conf',
        renderKubeconfig({ server, ca, cluster: 'old', user: 'old', credentials: { token: 'x' } }),
      );
      // Of a member that was removed long ago.
      if (own !== undefined && host.startsWith('cp'))
        write(
          simulation,
          host,
          '/var/lib/etcd/member/wal/0000000000000000-0000000000000000.wal',
          JSON.stringify({ cluster: own.etcd, member: '8000000000000001' }),
        );
    },
    make,
    mend: async () => {
      for (const { machine } of simulation.hosts) machine.thaw();
      await faults.clear();
      for (const host of simulation.hosts) if (!host.isOn()) await host.powerOn();
      await Promise.all(simulation.hosts.map((host) => host.waitForSsh()));
      for (const host of kubeletsStopped) {
        kubeletsStopped.delete(host);
        if (observer.read(host, '/var/lib/kubelet/config.yaml') !== undefined)
          await simulation.host(host).console('systemctl start kubelet');
      }
    },
  };
};
