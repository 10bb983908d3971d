// Each script that destroys, with the world changed in the moment before it begins: it has to destroy nothing of what is
// there then. What it compares, and how, is its own business.
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { makeCa } from '../../lab/simulation/certificates/certificates.js';
import { kubernetesOf } from '../../lab/simulation/kubernetes/kubernetes.js';
import type { Process } from '../../lab/simulation/system/process.js';
import { signalNumbers } from '../../lab/simulation/system/signals.js';
import type { OperationKind } from '../../model/operations.js';
import { eventually } from '../scenarios/eventually.js';
import { initByHand, joinByHand, joinControlPlaneByHand, resetByHand } from '../scenarios/failures/by-hand.js';
import { buildCluster } from './support/cluster.js';
import type { Cluster, ClusterOptions } from './support/cluster.js';
import { kubectl, onConsole, whenPrinted } from './support/inject.js';
import { watch } from './support/invariants.js';
import type { Watch } from './support/invariants.js';
import { actorOf, kubeadmCommandOf, scriptOf } from './support/invariants/actors.js';
import { decideAndWait } from './support/product.js';
import type { Outcome } from './support/product.js';

let seen: Watch | undefined;
afterEach(() => seen?.stop());

const pki = '/etc/kubernetes/pki/etcd';
const etcdctl = `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${pki}/ca.crt --cert=${pki}/healthcheck-client.crt --key=${pki}/healthcheck-client.key`;

const build = async (options: ClusterOptions): Promise<Cluster> => {
  const cluster = await buildCluster({
    ...options,
    policy: { resetDirtyHosts: 'when-ours', removeStaleMembers: 'when-safe', ...options.policy },
  });
  seen = watch(cluster.simulation);
  return cluster;
};

const run = (cluster: Cluster, kind: OperationKind, host: string): Promise<Outcome> => {
  seen?.asked(kind, host);
  return cluster.run(kind, host);
};
const finish = (cluster: Cluster, kind: OperationKind, host: string): Promise<Outcome> => {
  seen?.asked(kind, host);
  return cluster.finish(kind, host);
};
const isOver = (outcome: Outcome): string => (outcome.status === 'blocked' ? outcome.blocked.type : outcome.status);

/** Counts how often the world was changed before such a script. */
const changeBefore = (
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
const changes: Readonly<Record<string, (cluster: Cluster, host: string) => Promise<unknown> | void>> = {
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

const startsReset = /systemd-run[^\n]*kubeadm'? '?reset/;
const deepCleans = /login_kubeconfigs\(\)/;

/** Processes of the product that were started on a host and destroy there. */
const watchProcesses = ({ simulation }: Cluster, host: string, destroys: (process: Process) => boolean): string[] => {
  const found: string[] = [];
  simulation.world.onProcess((process) => {
    if (process.machine.name === host && actorOf(process) === 'product' && destroys(process))
      found.push(process.argv.join(' '));
  });
  return found;
};

const isReset = (process: Process): boolean => kubeadmCommandOf(process) === 'reset';
/** What takes something away in the script that cleans a host. */
const cleans = (process: Process): boolean =>
  /(^|\/)(rm |umount |systemctl stop )/.test(process.argv.join(' ')) && deepCleans.test(scriptOf(process));

/** A worker of this cluster that is left without its Node and its kubelet. */
const leaveWorker = async ({ simulation, specification }: Cluster): Promise<void> => {
  await joinByHand({ host: (name) => simulation.host(name), specification }, 'w1');
  await onConsole(simulation, 'w1', 'systemctl stop kubelet');
  await kubectl(simulation, 'cp1', 'delete node w1');
};

/** A join of w1 that waits, as its kubeadm was killed half-way. */
const halfJoined = async (cluster: Cluster): Promise<Outcome> => {
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

describe.each(Object.entries(changes))('before a script %s:', (_what, change) => {
  it('kubeadm reset is not begun', async () => {
    const cluster = await build({});
    await leaveWorker(cluster);
    const resets = watchProcesses(cluster, 'w1', isReset);
    const changed = changeBefore(cluster, 'w1', startsReset, () => change(cluster, 'w1'));
    const outcome = await run(cluster, 'join-worker', 'w1');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(resets).toEqual([]);
    expect(seen?.violations).toEqual([]);
  });

  it('nothing is cleaned', async () => {
    const cluster = await build({});
    await leaveWorker(cluster);
    const deleted = watchProcesses(cluster, 'w1', cleans);
    const changed = changeBefore(cluster, 'w1', deepCleans, () => change(cluster, 'w1'));
    const outcome = await run(cluster, 'join-worker', 'w1');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(deleted).toEqual([]);
    expect(seen?.violations).toEqual([]);
  });

  it('an undo resets and cleans nothing', async () => {
    const cluster = await build({});
    const outcome = await halfJoined(cluster);
    const destroyed = watchProcesses(cluster, 'w1', (process) => isReset(process) || cleans(process));
    const changed = changeBefore(cluster, 'w1', startsReset, () => change(cluster, 'w1'));
    const undone = await decideAndWait(outcome, 'rollback');
    expect(changed.times, isOver(undone)).toBeGreaterThan(0);
    expect(destroyed).toEqual([]);
    expect(seen?.violations).toEqual([]);
  });
});

describe('an etcd member', () => {
  const removals = ({ simulation }: Cluster): string[] => {
    const found: string[] = [];
    for (const etcd of simulation.world.etcdClusters.values())
      etcd.onMember(({ what, member, by }) => {
        if (what === 'removed' && actorOf(by) === 'product') found.push(member.id);
      });
    return found;
  };

  it('that was added in place of the one that was checked is left', async () => {
    const cluster = await build({ controlPlanes: 3, hosts: 3 });
    const { simulation } = cluster;
    await simulation.host('cp3').power('rebuild');
    await eventually('it is missed', () => !simulation.observer.readyNodes('cp1').includes('cp3'));
    const found = removals(cluster);
    const ofCp3 = (): string =>
      simulation.observer.members('cp2').find(({ peerUrls }) => peerUrls.includes('https://10.203.0.13:2380'))?.id ??
      '';
    const changed = changeBefore(cluster, 'cp1', /member remove/, () =>
      onConsole(
        simulation,
        'cp2',
        `${etcdctl} member remove ${ofCp3()}; sleep 0.5; ${etcdctl} member add cp3 --learner --peer-urls https://10.203.0.13:2380`,
      ),
    );
    const outcome = await run(cluster, 'join-control-plane', 'cp3');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(found).toEqual([]);
    expect(ofCp3()).not.toBe('');
  });

  it('that somebody has started meanwhile is left', async () => {
    const cluster = await build({ controlPlanes: 2, hosts: 3 });
    const { simulation, specification } = cluster;
    // Of somebody's earlier try.
    seen?.stranger('https://10.203.0.13:2380');
    await onConsole(simulation, 'cp1', `${etcdctl} member add cp3 --learner --peer-urls https://10.203.0.13:2380`);
    const found = removals(cluster);
    const place = { host: (name: string) => simulation.host(name), specification };
    const changed = changeBefore(cluster, 'cp1', /member remove/, () => joinControlPlaneByHand(place, 'cp3'));
    const outcome = await run(cluster, 'join-control-plane', 'cp3');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(found).toEqual([]);
    await eventually('it votes', () => simulation.observer.voters('cp1').includes('cp3'));
    expect(seen?.violations).toEqual([]);
  });
});

describe('a Node', () => {
  const stale = async (): Promise<{ cluster: Cluster; deleted: string[] }> => {
    const cluster = await build({});
    const { simulation, specification } = cluster;
    const place = { host: (name: string) => simulation.host(name), specification };
    await joinByHand(place, 'w1');
    await simulation.host('w1').power('rebuild');
    await eventually('it is missed', () => !simulation.observer.readyNodes().includes('w1'));
    const deleted: string[] = [];
    const [etcd] = simulation.world.etcdClusters.values();
    if (etcd === undefined) throw new Error('there is no etcd');
    kubernetesOf(simulation.world, etcd).onWrite((_store, { plural }, { metadata }, { verb, by }) => {
      if (plural === 'nodes' && verb === 'delete' && actorOf(by) === 'product') deleted.push(metadata.name);
    });
    return { cluster, deleted };
  };

  it.each([
    ['that its host keeps Ready again is left', ''],
    ['that was made anew is left', 'delete node w1'],
  ])('%s', async (_name, before) => {
    const { cluster, deleted } = await stale();
    const { simulation, specification } = cluster;
    const place = { host: (name: string) => simulation.host(name), specification };
    const changed = changeBefore(cluster, 'cp1', /delete --raw '?\/api\/v1\/nodes\/w1/, async () => {
      if (before !== '') await kubectl(simulation, 'cp1', before);
      await resetByHand(place, 'w1');
      await joinByHand(place, 'w1');
    });
    const outcome = await run(cluster, 'join-worker', 'w1');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect(deleted).toEqual([]);
    expect(seen?.violations).toEqual([]);
  });
});

describe('what was lent', () => {
  const revokes = /bootstrap-token-\[a-z0-9\]/;

  it.each(['init', 'join-control-plane'] as const)('by people beside an %s is theirs', async (kind) => {
    const isInit = kind === 'init';
    const host = isInit ? 'cp1' : 'cp2';
    const cluster = await build({ controlPlanes: isInit ? 0 : 1, hosts: 2 });
    const { simulation } = cluster;
    const changed = changeBefore(cluster, 'cp1', revokes, async () => {
      await onConsole(simulation, 'cp1', 'kubeadm token create --ttl 0 --description "for a colleague"');
      await onConsole(simulation, 'cp1', 'kubeadm init phase upload-certs --upload-certs');
    });
    await finish(cluster, kind, host);
    expect(changed.times).toBeGreaterThan(0);
    expect(seen?.violations).toEqual([]);
    expect(simulation.observer.secrets().map(({ metadata }) => metadata.name)).toContain('kubeadm-certs');
    // Its own are gone.
    expect(simulation.observer.tokens().filter(({ description }) => description.startsWith('quorate'))).toEqual([]);
  });
});

describe('snapshots', () => {
  it('of people, and the newest, are kept, also when the clock was put back', async () => {
    const cluster = await build({ controlPlanes: 1, hosts: 3, policy: { snapshots: { keep: 1 } } });
    const { simulation } = cluster;
    await finish(cluster, 'join-control-plane', 'cp2');
    const folder = '/var/lib/quorate/snapshots';
    const [first] = simulation.observer.files('cp1', folder).filter((path) => path.endsWith('.db'));
    const changed = changeBefore(cluster, 'cp1', /snapshot save/, async () => {
      simulation.faults.clock('cp1', -30_000);
      await onConsole(
        simulation,
        'cp1',
        `cd ${folder}; echo x > 0-before-migration.db; echo x > 20200101T000000Z-cp9.db`,
      );
    });
    await finish(cluster, 'join-control-plane', 'cp3');
    expect(changed.times).toBe(1);
    expect(seen?.violations).toEqual([]);
    const left = simulation.observer.files('cp1', folder).filter((path) => path.endsWith('.db'));
    expect(left).toEqual(
      expect.arrayContaining(['0-before-migration', '20200101T000000Z-cp9'].map((name) => `${folder}/${name}.db`)),
    );
    expect(left).not.toContain(first);
    expect(left).toHaveLength(3);
  });
});

describe("HAProxy's configuration", () => {
  const writes = /flock -w 30 9 \|\| \{ section changed/;
  const addSpare = ({ simulation }: Cluster): Promise<string> => {
    const file = '/etc/haproxy/haproxy.cfg';
    return onConsole(
      simulation,
      'lb1',
      `grep -q "server spare" ${file} || { echo "    server spare 10.203.0.77:6443 disabled" >> ${file}; systemctl reload haproxy; }`,
    );
  };

  it('that somebody has changed since it was read keeps the change', async () => {
    const cluster = await build({});
    const changed = changeBefore(cluster, 'lb1', writes, () => addSpare(cluster));
    await finish(cluster, 'join-control-plane', 'cp2');
    expect(changed.times).toBeGreaterThan(0);
    expect(seen?.violations).toEqual([]);
    const names = (await cluster.simulation.observer.backends('lb1')).map(({ name }) => name);
    expect(names.toSorted()).toEqual(['cp1', 'cp2', 'spare']);
  });
});

describe('on a host', () => {
  it('the marker of another operation is left', async () => {
    const cluster = await build({});
    const outcome = await halfJoined(cluster);
    const change = changes['it carries the marker of another operation'];
    const read = (): string | undefined => cluster.simulation.observer.read('w1', '/var/lib/quorate/marker.json');
    let theirs: string | undefined;
    const changed = changeBefore(cluster, 'w1', /rm -f -- '?\/var\/lib\/quorate\/marker/, async () => {
      await change?.(cluster, 'w1');
      theirs = read();
    });
    await decideAndWait(outcome, 'rollback');
    expect(changed.times).toBeGreaterThan(0);
    expect(read()).toBe(theirs);
  });

  it('a command that was begun since is not stopped as an earlier one', async () => {
    const cluster = await build({});
    const { simulation, harness } = cluster;
    const hangs = new Promise<void>((resolve) => {
      whenPrinted(simulation, 'w1', '[preflight] Running pre-flight checks', () => {
        for (const process of simulation.host('w1').machine.processes.all())
          if (/(^|\/)kubeadm$/.test(process.argv[0] ?? '')) process.kill(signalNumbers.STOP);
        resolve();
      });
    });
    const handle = await harness.start(cluster.context('join-worker', 'w1'));
    await hangs;
    await handle.terminate('somebody pressed the wrong button');
    const units: string[] = [];
    const changed = changeBefore(cluster, 'w1', /LC_ALL=C; (if listed=\$\()?systemctl list-units/, async () => {
      units.push(`quorate-join-${randomBytes(6).toString('hex')}`);
      await onConsole(simulation, 'w1', `systemd-run --unit=${units.at(-1)} sleep 600`);
    });
    const outcome = await run(cluster, 'join-worker', 'w1');
    expect(changed.times, isOver(outcome)).toBeGreaterThan(0);
    expect((await onConsole(simulation, 'w1', `systemctl is-active ${units.at(-1)} || true`)).trim()).toBe('active');
  });
});
