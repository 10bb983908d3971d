// Each script that destroys, with the world changed in the moment before it begins: it has to destroy nothing of what is
// there then. What it compares, and how, is its own business.
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { makeCa } from '../../../lab/simulation/certificates/certificates.js';
import type { Process } from '../../../lab/simulation/system/process.js';
import { signalNumbers } from '../../../lab/simulation/system/signals.js';
import type { OperationKind } from '../../../model/operations.js';
import { initByHand, joinByHand, resetByHand } from '../../scenarios/failures/by-hand.js';
import { buildCluster } from '../support/cluster.js';
import type { Cluster, ClusterOptions } from '../support/cluster.js';
import { kubectl, onConsole, whenPrinted } from '../support/inject.js';
import { watch } from '../support/invariants.js';
import type { Watch } from '../support/invariants.js';
import { actorOf, kubeadmCommandOf, scriptOf } from '../support/invariants/actors.js';
import type { Outcome } from '../support/product.js';

const pki = '/etc/kubernetes/pki/etcd';
export const etcdctl = `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${pki}/ca.crt --cert=${pki}/healthcheck-client.crt --key=${pki}/healthcheck-client.key`;

/** A cluster, and who watches it. */
export interface Watched extends Cluster {
  readonly seen: Watch;
}

export const build = async (options: ClusterOptions): Promise<Watched> => {
  const cluster = await buildCluster({
    ...options,
    policy: { resetDirtyHosts: 'when-ours', removeStaleMembers: 'when-safe', ...options.policy },
  });
  const seen = watch(cluster.simulation);
  onTestFinished(() => seen.stop());
  return { ...cluster, seen };
};

export const run = (cluster: Watched, kind: OperationKind, host: string): Promise<Outcome> => {
  cluster.seen.asked(kind, host);
  return cluster.run(kind, host);
};
export const finish = (cluster: Watched, kind: OperationKind, host: string): Promise<Outcome> => {
  cluster.seen.asked(kind, host);
  return cluster.finish(kind, host);
};
export const isOver = (outcome: Outcome): string =>
  outcome.status === 'blocked' ? outcome.blocked.type : outcome.status;

/** Counts how often the world was changed before such a script. */
export const changeBefore = (
  { simulation }: Cluster,
  host: string,
  script: RegExp,
  change: () => Promise<unknown> | void,
): { readonly times: number; stop(): void } => {
  const counted = { times: 0, stop: () => undefined as void };
  counted.stop = simulation.faults.beforeCommand(host, script, async () => {
    counted.times += 1;
    await change();
  });
  return counted;
};

/** How somebody can have made another host of one. */
export const changes: Readonly<Record<string, (cluster: Cluster, host: string) => Promise<unknown> | void>> = {
  'it is another machine': ({ simulation }, host) => {
    const { machine } = simulation.host(host);
    machine.machineId = randomBytes(16).toString('hex');
    machine.files.write('/etc/machine-id', `${machine.machineId}\n`);
  },
  'it carries the marker of another operation': ({ simulation }, host) => {
    const { files } = simulation.host(host).machine;
    const marker = { operation: `x/join-worker/${host}/${randomBytes(3).toString('hex')}`, run: 'r', cluster: 'x' };
    files.makeDirectories('/var/lib/quorate');
    files.write('/var/lib/quorate/marker.json', `${JSON.stringify({ ...marker, at: new Date().toISOString() })}\n`);
  },
  'it has the CA of another cluster': ({ simulation }, host) => {
    const { files } = simulation.host(host).machine;
    const now = Date.now();
    files.makeDirectories('/etc/kubernetes/pki');
    files.write(
      '/etc/kubernetes/pki/ca.crt',
      makeCa({ commonName: 'kubernetes', notBefore: now - 60_000, notAfter: now + 1e9 }).certificate,
    );
  },
  'somebody has joined it by hand': async ({ simulation, specification }, host) => {
    const place = { host: (name: string) => simulation.host(name), specification };
    await resetByHand(place, host);
    await joinByHand(place, host);
  },
  'somebody has made a cluster of it': async ({ simulation, specification }, host) => {
    const place = { host: (name: string) => simulation.host(name), specification };
    await resetByHand(place, host);
    await initByHand(place, host);
  },
};

export const startsReset = /systemd-run[^\n]*kubeadm'? '?reset/;
export const deepCleans = /login_kubeconfigs\(\)/;

/** Processes of the product that were started on a host and destroy there. */
export const watchProcesses = (
  { simulation }: Cluster,
  host: string,
  destroys: (process: Process) => boolean,
): string[] => {
  const found: string[] = [];
  simulation.world.onProcess((process) => {
    if (process.machine.name === host && actorOf(process) === 'product' && destroys(process))
      found.push(process.argv.join(' '));
  });
  return found;
};

export const isReset = (process: Process): boolean => kubeadmCommandOf(process) === 'reset';
/** What takes something away in the script that cleans a host. */
export const cleans = (process: Process): boolean =>
  /(^|\/)(rm |umount |systemctl stop )/.test(process.argv.join(' ')) && deepCleans.test(scriptOf(process));

/** A worker of this cluster that is left without its Node and its kubelet. */
export const leaveWorker = async ({ simulation, specification }: Cluster): Promise<void> => {
  await joinByHand({ host: (name) => simulation.host(name), specification }, 'w1');
  await onConsole(simulation, 'w1', 'systemctl stop kubelet');
  await kubectl(simulation, 'cp1', 'delete node w1');
};

/** A join of w1 that waits, as its kubeadm was killed half-way. */
export const halfJoined = async (cluster: Watched): Promise<Outcome> => {
  const { simulation } = cluster;
  whenPrinted(simulation, 'w1', '[kubelet-start] Starting the kubelet', () => {
    // Or the kubelet would end the join by itself.
    simulation.host('w1').machine.files.remove('/etc/kubernetes/bootstrap-kubelet.conf');
    for (const process of simulation.host('w1').machine.processes.all())
      if (/(^|\/)kubeadm$/.test(process.argv[0] ?? '')) process.kill(signalNumbers.KILL);
  });
  const outcome = await run(cluster, 'join-worker', 'w1');
  expect(isOver(outcome)).toBe('KubeadmFailed');
  return outcome;
};
