// The invariant that nothing of others is destroyed, and the watch that sees it: each world here is broken by hand.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { EtcdCluster } from '../../lab/simulation/etcd/cluster.js';
import { eventually } from '../scenarios/eventually.js';
import { startCluster } from './support/cluster.js';
import type { Cluster } from './support/cluster.js';
import { kubectl, onConsole } from './support/inject.js';
import { check, watch } from './support/invariants.js';
import type { ReportedOperation, Watch } from './support/invariants.js';

let cluster: Cluster;
let seen: Watch;
beforeAll(async () => {
  cluster = await startCluster({ controlPlanes: 2, hosts: 3, workers: 2 });
  await cluster.finish('join-worker', 'w1');
});
afterAll(() => cluster.stop());
beforeEach(() => {
  seen = watch(cluster.simulation);
  seen.asked('init', 'cp1');
  seen.asked('join-control-plane', 'cp2');
  seen.asked('join-worker', 'w1');
});
afterEach(() => seen.stop());

/** What an operation would do: over SSH. */
const byProduct = async (host: string, script: string): Promise<string> =>
  (await cluster.hosts.host(host).run(script)).stdout;
/** What a person does: at the console. */
const byHand = (host: string, script: string): Promise<string> => onConsole(cluster.simulation, host, script);
const kubectlCommand = 'kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://10.203.0.11:6443';
const pki = '/etc/kubernetes/pki/etcd';
const etcdctl = `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${pki}/ca.crt --cert=${pki}/healthcheck-client.crt --key=${pki}/healthcheck-client.key`;
const etcd = (): EtcdCluster => [...cluster.simulation.world.etcdClusters.values()][0] as EtcdCluster;

/** kubeadm asks whether it may, nobody says so, and nothing is reset: that it was begun is what counts. */
const beginReset = (host: string, options = ''): Promise<string> =>
  byProduct(host, `echo n | kubeadm reset ${options} || true`);
/** An operation's kubeadm that fails at once. */
const beginAttempt = (host: string, command: 'init' | 'join', folder: string): Promise<string> =>
  byProduct(host, `kubeadm ${command} --config ${folder}/${command}.yaml || true`);
const last = (): string => seen.violations.at(-1) ?? '';

describe('what lives', () => {
  it('a Ready worker whose reset is begun, or whose files are deleted', async () => {
    await beginReset('w1');
    expect(seen.violations).toEqual([
      'invariant 11: kubeadm reset began on w1 although its kubelet keeps the Node w1 Ready',
    ]);
    await byProduct('w1', 'cd /; rm -rf -- var/lib/kubelet/nothing');
    expect(last()).toBe(
      'invariant 11: the deletion of /var/lib/kubelet/nothing began on w1 although its kubelet keeps the Node w1 Ready',
    );
  });

  it('a voter whose API server serves, and one that does not run', async () => {
    await beginReset('cp2');
    expect(seen.violations).toEqual([
      'invariant 11: kubeadm reset began on cp2 although it is a voter of etcd, one of 2; its API server serves; its kubelet keeps the Node cp2 Ready',
    ]);
    await byHand('cp2', 'systemctl stop kubelet; mv /etc/kubernetes/manifests/*.yaml /root/');
    onTestFinished(async () => {
      await byHand('cp2', 'mv /root/*.yaml /etc/kubernetes/manifests/; systemctl start kubelet');
      await eventually('cp2 serves', () => cluster.simulation.observer.isServing('cp2'));
    });
    const { machine } = cluster.simulation.host('cp2');
    machine.staticPods.removeAll();
    await beginReset('cp2');
    expect(last()).toBe(
      'invariant 11: kubeadm reset began on cp2 although it is a voter of etcd that does not run now, one of 2',
    );
  });

  it('a host that a person resets is theirs, and so is what nobody lives on', async () => {
    await byHand('w1', 'echo n | kubeadm reset || true');
    await beginReset('w2');
    expect(seen.violations).toEqual([]);
  });

  it('an operation takes back only what it has begun itself, and nobody has touched since', async () => {
    const own = '/run/quorate/own';
    await beginAttempt('w1', 'join', own);
    await beginReset('w1', `--config ${own}/reset.yaml`);
    expect(seen.violations).toEqual([]);
    await beginReset('w1', '--config /run/quorate/other/reset.yaml');
    expect(seen.violations).toHaveLength(1);
    seen.hands.touched('w1');
    await beginReset('w1', `--config ${own}/reset.yaml`);
    expect(last()).toMatch(/kubeadm reset began on w1/);
  });

  it('nor what it has begun once it has ended', async () => {
    await beginAttempt('w1', 'join', '/run/quorate/own');
    seen.hands.ended('w1', Date.now() + 1);
    await beginReset('w1');
    expect(last()).toMatch(/kubeadm reset began on w1/);
  });

  it('nor a voter before its member was removed, its own neither', async () => {
    await beginAttempt('cp2', 'join', '/run/quorate/own');
    await beginReset('cp2');
    expect(last()).toMatch(/kubeadm reset began on cp2 although it is a voter/);
    await beginAttempt('cp1', 'init', '/run/quorate/own');
    await beginReset('cp1');
    expect(last()).toMatch(/kubeadm reset began on cp1 although it is a voter/);
  });

  it('what somebody has approved may go, as long as it is what was shown', async () => {
    seen.hands.approved('w1', Date.now());
    await beginReset('w1');
    expect(seen.violations).toEqual([]);
    seen.hands.touched('w1');
    await beginReset('w1');
    expect(seen.violations).toHaveLength(1);
    // What was shown before it was touched.
    seen.hands.approved('w1', Date.now() - 60_000);
    await beginReset('w1');
    expect(seen.hands.isApproved('w1')).toBe(false);
  });

  it('a cluster that another one is begun beside', async () => {
    await beginAttempt('cp3', 'init', '/run/quorate/own');
    expect(seen.violations).toEqual(
      ['cp1', 'cp2'].map((host) => `invariant 11: kubeadm init began on cp3 beside a living cluster: ${host} serves`),
    );
  });

  it('the Node of a kubelet that runs', async () => {
    onTestFinished(async () => {
      await byHand('w1', 'systemctl restart kubelet');
      await eventually('w1 is back', () => cluster.simulation.observer.readyNodes().includes('w1'));
    });
    await byProduct('cp1', `${kubectlCommand} delete node w1`);
    expect(seen.violations).toEqual(['invariant 11: the Node w1 was deleted although the kubelet on w1 keeps it']);
  });
});

describe('what others have made', () => {
  const deleteToken = (id: string): Promise<string> => byProduct('cp1', `kubeadm token delete ${id}`);
  const tokenOf = (printed: string): string => printed.trim().slice(0, 6);

  it('a token of a person; not one of an operation', async () => {
    const [theirs, ours] = [
      tokenOf(await byHand('cp1', 'kubeadm token create --ttl 0 --description "for a colleague"')),
      tokenOf(await byProduct('cp1', 'kubeadm token create')),
    ];
    await deleteToken(ours);
    expect(seen.violations).toEqual([]);
    await deleteToken(theirs);
    expect(seen.violations).toEqual([
      `invariant 11: the token ${theirs} (for a colleague), which a person had made, was deleted`,
    ]);
  });

  it('certificates belong to who has uploaded them last', async () => {
    const upload = 'kubeadm init phase upload-certs --upload-certs';
    const remove = `${kubectlCommand} -n kube-system delete secret kubeadm-certs`;
    await byHand('cp1', upload);
    await byProduct('cp1', `${upload}; ${remove}`);
    expect(seen.violations).toEqual([]);
    await byProduct('cp1', upload);
    await byHand('cp1', upload);
    await byProduct('cp1', remove);
    expect(seen.violations).toEqual(['invariant 11: the Secret kubeadm-certs, which a person had made, was deleted']);
    const names = cluster.simulation.observer.secrets().map(({ metadata }) => metadata.name);
    await kubectl(cluster.simulation, 'cp1', `-n kube-system delete secret ${names.join(' ')}`);
  });

  it('a Node that no operation is about', async () => {
    await cluster.simulation.host('cp1').console(`${kubectlCommand} create -f -`, {
      stdin: '{"apiVersion":"v1","kind":"Node","metadata":{"name":"stray"}}',
    });
    await byProduct('cp1', `${kubectlCommand} delete node stray`);
    expect(seen.violations).toEqual(['invariant 11: the Node stray was deleted, which no operation is about']);
  });

  it('an etcd member that no operation is about, and one that somebody is about to start', async () => {
    const learner = (): string =>
      etcd()
        .members()
        .find(({ isLearner }) => isLearner)?.id ?? '';
    const add = `${etcdctl} member add x --learner --peer-urls https://10.203.0.13:2380`;
    await byHand('cp1', add);
    await byProduct('cp1', `${etcdctl} member remove ${learner()}`);
    expect(last()).toBe(
      'invariant 11: the etcd member https://10.203.0.13:2380 was removed, which no operation is about',
    );
    seen.asked('join-control-plane', 'cp3');
    const before = seen.violations.length;
    await byHand('cp1', add);
    await byProduct('cp1', `${etcdctl} member remove ${learner()}`);
    expect(seen.violations).toHaveLength(before);
    const join = byHand('cp3', 'timeout 5 kubeadm join 10.203.0.99:6443 --token abcdef.0123456789abcdef || true');
    await eventually('it runs', () => seen.hands.isBusy('cp3'));
    await byHand('cp1', add);
    await byProduct('cp1', `${etcdctl} member remove ${learner()}`);
    expect(last()).toMatch(/which a person had added and which is in use, was removed/);
    await join;
  });

  it('snapshots of people, and the newest one', async () => {
    const folder = '/var/lib/quorate/snapshots';
    await byHand('cp1', `mkdir -p ${folder}; echo x > ${folder}/0-before-migration.db`);
    const make = (name: string): Promise<string> =>
      byProduct('cp1', `echo x > ${folder}/x.part; mv -- ${folder}/x.part ${folder}/${name}`);
    await make('b.db');
    await make('a.db');
    await byProduct('cp1', `rm ${folder}/b.db`);
    expect(seen.violations).toEqual([]);
    await make('c.db');
    await byProduct('cp1', `rm ${folder}/c.db; find ${folder} -name '0-*.db' -delete`);
    expect(seen.violations).toEqual([
      `invariant 11: ${folder}/c.db on cp1, the snapshot that was made last, was deleted`,
      `invariant 11: ${folder}/0-before-migration.db on cp1, which no operation had made, was deleted`,
    ]);
  });

  it('a server in HAProxy', async () => {
    const file = '/etc/haproxy/haproxy.cfg';
    const before = cluster.simulation.observer.read('lb1', file) ?? '';
    await byHand('lb1', `echo "    server spare 10.203.0.77:6443" >> ${file}; systemctl reload haproxy`);
    // It is never checked, and nobody says that an operation has enabled it.
    await new Promise((resolve) => setTimeout(resolve, 60));
    await byProduct('lb1', `cp ${file} /root/new; mv /root/new ${file}`);
    expect(seen.violations).toEqual([]);
    cluster.simulation.host('lb1').machine.files.write('/root/new', before);
    await byProduct('lb1', `mv /root/new ${file}; systemctl reload haproxy`);
    expect(seen.violations).toEqual([
      'invariant 11: the server spare 10.203.0.77:6443 on lb1, which people had put there, was removed',
    ]);
  });
});

describe('what was reported of a run', () => {
  const done = {
    operation: 'x/join/w1/k3',
    kind: 'join-worker',
    host: 'w1',
    outcome: 'finished',
    summary: 'it is',
  } as const;
  const isDone: ReportedOperation[] = [
    { operation: 'x/init/cp1/k1', kind: 'init', host: 'cp1', outcome: 'finished', summary: 'cp1 runs' },
    { operation: 'x/join/cp2/k2', kind: 'join-control-plane', host: 'cp2', outcome: 'finished', summary: 'cp2 runs' },
  ];
  const look = (...operations: readonly ReportedOperation[]) =>
    check({ simulation: cluster.simulation, watch: seen, operations: [...isDone, ...operations], settleMs: 0 });
  const step = (id: string, state: 'done' | 'undone', note: string) => ({ id, title: id, state, note });
  const run = (began: number, ...steps: ReturnType<typeof step>[]) => ({
    began,
    closed: Date.now(),
    decisions: [],
    steps: steps.map((one) => ({ ...one, since: new Date().toISOString() })),
  });
  const joined = step('join', 'done', 'kubeadm succeeded (exit status 0)');

  it("kubeadm's success that was another run's", async () => {
    const earlier = Date.now();
    await beginAttempt('w1', 'join', '/run/quorate/own');
    await new Promise((resolve) => setTimeout(resolve, 60));
    const later = Date.now();
    expect(await look({ ...done, run: run(earlier, joined) })).toEqual([]);
    expect(await look({ ...done, run: run(later, joined) })).toEqual([
      'invariant 11: x/join/w1/k3 says of join "kubeadm succeeded (exit status 0)", and no kubeadm join ran on w1 in that run',
    ]);
    const wasThere = step('join', 'done', 'kubeadm failed (exit status 1), but w1 has joined: going on with the proof');
    expect(await look({ ...done, run: run(later, wasThere) })).toEqual([]);
  });

  it('a reset that was an earlier try of the undo', async () => {
    const began = Date.now();
    await beginReset('w2');
    await new Promise((resolve) => setTimeout(resolve, 60));
    const reset = step('join', 'undone', 'kubeadm reset succeeded; cleaned 3 leftovers');
    const undone = { ...done, operation: 'x/join/w2/k4', host: 'w2', outcome: 'rolled-back' } as const;
    expect(await look({ ...done }, { ...undone, run: run(began, reset) })).toEqual([]);
    const decisions = [{ action: 'retry', by: 'ann', reason: '', at: new Date().toISOString() }] as const;
    const again = { ...run(began, reset), decisions: [...decisions] };
    expect(await look({ ...done }, { ...undone, run: again })).toEqual([
      expect.stringMatching(/k4 says of join "kubeadm reset succeeded.*", and no kubeadm reset ran on w2 in that run/),
    ]);
    // One that sight was lost of is found again, as it goes on.
    const blocked = { ...step('join', 'undone', 'no SSH connection to w2'), state: 'blocked' as const };
    const lost = { ...run(began, reset), decisions: [...decisions] };
    lost.steps.unshift({ ...blocked, since: new Date(began).toISOString() } as never);
    expect(await look({ ...done }, { ...undone, run: lost })).toEqual([]);
  });

  it('undone, and a dead member is left', async () => {
    const began = Date.now();
    seen.asked('join-control-plane', 'cp3');
    await byProduct('cp1', `${etcdctl} member add cp3 --learner --peer-urls https://10.203.0.13:2380`);
    const undone = {
      operation: 'x/join/cp3/k5',
      kind: 'join-control-plane',
      host: 'cp3',
      outcome: 'rolled-back',
      summary: 'rolled back',
      run: run(began),
    } as const;
    expect((await look(done, undone)).join('\n')).toMatch(
      /invariant 3: x\/join\/cp3\/k5 ended \(rolled-back\), and the etcd member \w+ \(https:\/\/10.203.0.13:2380\), which it had brought about, is left dead/,
    );
    const [learner] = etcd()
      .members()
      .filter(({ isLearner }) => isLearner);
    await byHand('cp1', `${etcdctl} member remove ${learner?.id}`);
    expect(await look(done, undone)).toEqual([]);
  });

  it('nothing of a host that people have touched since', async () => {
    const closed = run(Date.now() - 10);
    await byHand('w2', 'mkdir -p /etc/kubernetes/pki; echo x > /etc/kubernetes/pki/ca.crt');
    onTestFinished(() => cluster.simulation.host('w2').machine.files.remove('/etc/kubernetes/pki'));
    const undone = { ...done, operation: 'x/join/w2/k4', host: 'w2', outcome: 'rolled-back', run: closed } as const;
    expect((await look(done, undone)).join('\n')).toMatch(/invariant 3: w2 was reported undone/);
    await new Promise((resolve) => setTimeout(resolve, 10));
    seen.hands.touched('w2');
    expect(await look(done, undone)).toEqual([]);
  });
});

// The last one: the cluster does not get over it.
describe('a voter that runs', () => {
  it('and is removed', async () => {
    const id = etcd().voters.find(({ name }) => name === 'cp2')?.id;
    await byProduct('cp1', `${etcdctl} member remove ${id}`);
    expect(seen.violations).toContain('invariant 11: the etcd member cp2 was removed although it runs on cp2');
  });
});
