// A check that cannot fail proves nothing: each world here is broken by hand, and has to be called broken.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { EtcdCluster } from '../../lab/simulation/etcd/cluster.js';
import { workflowIds } from '../../model/messages.js';
import { startCluster } from './support/cluster.js';
import type { Cluster } from './support/cluster.js';
import { eventually } from '../scenarios/eventually.js';
import { kubectl, onConsole } from './support/inject.js';
import { check, historyTexts, overlaps, watch } from './support/invariants.js';
import type { ReportedOperation, Watch } from './support/invariants.js';

let cluster: Cluster;
let seen: Watch;
beforeAll(async () => {
  cluster = await startCluster({ controlPlanes: 2, hosts: 3, workers: 2 });
  await cluster.finish('join-worker', 'w1');
});
afterAll(() => cluster.stop());
const isDone: ReportedOperation[] = [
  { operation: 'x/init/cp1/k1', kind: 'init', host: 'cp1', outcome: 'finished', summary: 'cp1 runs' },
  { operation: 'x/join/cp2/k2', kind: 'join-control-plane', host: 'cp2', outcome: 'finished', summary: 'cp2 runs' },
  { operation: 'x/join/w1/k3', kind: 'join-worker', host: 'w1', outcome: 'finished', summary: 'w1 runs' },
];
const watchAll = (): void => {
  seen = watch(cluster.simulation);
  seen.asked('init', 'cp1');
  seen.asked('join-control-plane', 'cp2');
  seen.asked('join-worker', 'w1');
};
beforeEach(watchAll);
afterEach(() => seen.stop());

const look = (
  operations: readonly ReportedOperation[] = isDone,
  texts = new Map<string, string>(),
  foreign = new Set<string>(),
) => check({ simulation: cluster.simulation, watch: seen, operations, texts, foreign, settleMs: 0 });
const etcd = (): EtcdCluster => [...cluster.simulation.world.etcdClusters.values()][0] as EtcdCluster;
const voters = (): ReturnType<EtcdCluster['members']> => etcd().members();
/** At the end of the test the world is mended, and seen to be whole. */
const mend = (work: () => unknown): void =>
  onTestFinished(async () => {
    await work();
    watchAll();
    await expect.poll(() => look(), { timeout: 20_000 }).toEqual([]);
    seen.stop();
  }, 30_000);
/** Members that a test has entered. */
const entered = new Set<string>();
/** Enters a member without asking anybody. */
const enter = (peerUrl: string, isLearner: boolean): void => {
  const { id } = etcd().enter([peerUrl], isLearner);
  const isFirst = entered.size === 0;
  entered.add(id);
  const [first] = voters();
  // Whoever listens hears of it with the next change.
  if (first?.running !== undefined)
    etcd().started(first, first.name, first.clientUrls, first.running.machine, first.running.process);
  if (!isFirst) return;
  mend(async () => {
    await eventually('a leader', () => etcd().leader !== undefined);
    const { leader } = etcd();
    if (leader !== undefined) for (const one of entered) etcd().remove(leader, one);
    entered.clear();
  });
};
/** What an operation would do: over SSH. */
const overSsh = async (host: string, script: string): Promise<void> => {
  await cluster.hosts.host(host).run(script);
};
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));

describe('a cluster as it should be', () => {
  it('has no violation, in its histories neither', async () => {
    const { name } = cluster.simulation;
    const texts = await historyTexts(cluster.harness.client, [
      { workflowId: workflowIds.exclusive(name) },
      { workflowId: workflowIds.shared(name, 'join-worker', 'w1') },
    ]);
    expect([...texts.values()].join('\n')).toContain('kubeadm join');
    expect(await look(isDone, texts)).toEqual([]);
  });
});

describe('members of etcd', () => {
  it('a learner of nobody, and a second one', async () => {
    enter('https://10.203.0.98:2380', true);
    expect(await look()).toEqual([
      expect.stringMatching(/^invariant 1: etcd got a member for https:\/\/10.203.0.98:2380, which nobody joins/),
      expect.stringMatching(/^invariant 1: the learner https:\/\/10.203.0.98:2380 belongs to no host/),
    ]);
    enter('https://10.203.0.99:2380', true);
    expect(seen.violations.join('\n')).toMatch(/invariant 1: two learners at once/);
    expect(seen.violations.join('\n')).toMatch(/etcd got a member for https:\/\/10.203.0.99:2380, which nobody joins/);
  });

  it('two members of one host', async () => {
    enter('https://10.203.0.12:2380', true);
    expect((await look()).join('\n')).toMatch(/two etcd members with the peer URL https:\/\/10.203.0.12:2380/);
  });

  it('a member of a host that was never joined', async () => {
    enter('https://10.203.0.13:2380', true);
    const said = (await look()).join('\n');
    expect(said).toMatch(/invariant 3: cp3 was reported undone or was never joined, and has left the etcd member/);
    expect(said).toMatch(/belongs to no host that is in the cluster/);
  });

  it('a voter that is added though it does not run costs the quorum', async () => {
    seen.asked('join-control-plane', 'cp3');
    await cluster.simulation.host('cp2').power('cut');
    mend(() => cluster.simulation.host('cp2').power('on'));
    enter('https://10.203.0.13:2380', false);
    await cluster.simulation.host('cp2').power('on');
    expect(seen.violations.join('\n')).toMatch(/a change of the members left 0 healthy of 3 voters, 2 are needed/);
  });

  it('data of a voter that is deleted', async () => {
    const { files } = cluster.simulation.host('cp2').machine;
    const path = '/var/lib/etcd/member/wal/0000000000000000-0000000000000000.wal';
    const data = files.read(path);
    files.write(path, data);
    mend(() => files.write(path, data));
    files.remove(path);
    expect(seen.violations).toEqual([
      expect.stringMatching(/^invariant 2: the etcd data of cp2 was deleted while it is a voter/),
    ]);
  });
});

describe('what was reported', () => {
  it('joined, and is not', async () => {
    await onConsole(cluster.simulation, 'cp2', 'mv /etc/kubernetes/manifests/etcd.yaml /root/');
    mend(() => onConsole(cluster.simulation, 'cp2', 'mv /root/etcd.yaml /etc/kubernetes/manifests/'));
    await expect
      .poll(async () => (await look()).join('\n'), { timeout: 10_000 })
      .toMatch(/invariant 4: cp2 was reported joined: .*etcd member is not healthy.*API server is not ready.*Pods/);
  });

  it('joined, and its Node lacks what makes it a control plane', async () => {
    await kubectl(cluster.simulation, 'cp1', 'label node cp2 node-role.kubernetes.io/control-plane-');
    mend(() => kubectl(cluster.simulation, 'cp1', 'label node cp2 node-role.kubernetes.io/control-plane='));
    expect(await look()).toEqual([expect.stringMatching(/cp2 was reported joined: its Node lacks the label/)]);
  });

  it('joined, and its backend is not enabled', async () => {
    const set = (...orders: readonly string[]) =>
      onConsole(
        cluster.simulation,
        'lb1',
        `echo '${orders.map((order) => `set server kube-apiserver/cp2 ${order}`).join(';')}' | socat stdio UNIX-CONNECT:/run/haproxy/admin.sock`,
      );
    await set('state maint');
    mend(() => set('state drain', 'health down', 'state ready'));
    const said = (await look()).join('\n');
    expect(said).toMatch(/cp2 was reported joined: on lb1 its backend is MAINT/);
    expect(said).toMatch(/invariant 9: the backend cp2 is left disabled on lb1/);
  });

  it('joined, and its kubelet has no certificate', async () => {
    const { files } = cluster.simulation.host('w1').machine;
    const path = '/var/lib/kubelet/pki/kubelet-client-current.pem';
    const certificate = files.read(path);
    files.write(path, files.read('/etc/kubernetes/pki/ca.crt'));
    mend(() => files.write(path, certificate));
    expect(await look()).toEqual([
      expect.stringMatching(/w1 was reported joined: its kubelet has no client certificate/),
    ]);
  });

  it('clean, and is not', async () => {
    const { files } = cluster.simulation.host('w2').machine;
    files.makeDirectories('/etc/kubernetes/pki');
    files.write('/etc/kubernetes/pki/ca.crt', 'x');
    mend(() => files.remove('/etc/kubernetes/pki'));
    const undone: ReportedOperation = {
      operation: 'x/join/w2/k4',
      kind: 'join-worker',
      host: 'w2',
      outcome: 'rolled-back',
      summary: 'undone',
    };
    expect(await look([...isDone, undone])).toEqual([
      expect.stringMatching(/invariant 3: w2 was reported undone .* 1 files, such as \/etc\/kubernetes\/pki\/ca.crt/),
    ]);
    // Left as it is, and said so.
    expect(await look([...isDone, { ...undone, outcome: 'aborted' }])).toEqual([]);
  });

  it('nothing, or nothing to go by', async () => {
    const silent: ReportedOperation = { operation: 'x/join/w2/k4', kind: 'join-worker', host: 'w2' };
    expect(await look([...isDone, silent])).toEqual([expect.stringMatching(/k4 neither ended nor waits/)]);
    expect(await look([...isDone, { ...silent, outcome: 'terminated' }])).toEqual([
      expect.stringMatching(/k4 was terminated/),
    ]);
    expect(await look([...isDone, { ...silent, outcome: 'failed', summary: '' }])).toEqual([
      expect.stringMatching(/k4 ended \(failed\) without a word/),
    ]);
    const blocked = {
      type: 'Unreachable',
      step: 'read',
      message: 'w2 does not answer',
      remedy: '',
      evidence: [],
      choices: ['retry'],
      consequences: {},
      since: '',
    } as const satisfies NonNullable<ReportedOperation['blocked']>;
    expect(await look([...isDone, { ...silent, blocked: { ...blocked, choices: ['retry'] } }])).toEqual([
      expect.stringMatching(/k4 waits \(Unreachable\) without a reason, a remedy or a choice/),
    ]);
  });
});

describe('what people have to say', () => {
  const asked = { operation: 'x/join/w2/k4', kind: 'join-worker', host: 'w2', summary: 'it is so' } as const;
  const told = (...all: ('rollback' | 'abort' | 'cancel' | 'approve')[]) => ({ told: new Set(all) });

  it('an operation ends unfinished only when somebody has said so', async () => {
    for (const [outcome, needed] of [
      ['rolled-back', 'rollback'],
      ['aborted', 'abort'],
      ['cancelled', 'cancel'],
    ] as const) {
      expect(await look([...isDone, { ...asked, outcome, ...told() }])).toEqual([
        expect.stringMatching(`invariant 10: .*k4 ended \\(${outcome}\\) although nobody had said ${needed}`),
      ]);
      expect(await look([...isDone, { ...asked, outcome, ...told(needed) }])).toEqual([]);
    }
    const failed = { ...asked, outcome: 'failed', ...told() } as const;
    expect(await look([...isDone, failed])).toEqual([expect.stringMatching(/invariant 10: .*k4 gave up by itself/)]);
    expect(await look([...isDone, { ...failed, summary: 'swap is on. Nothing was changed' }])).toEqual([]);
  });

  it('a node of another cluster is reset only after an approval', async () => {
    await onConsole(cluster.simulation, 'w2', 'systemd-run --unit=quorate-reset-x kubeadm reset --force');
    await eventually('it was reset', () => seen.resets.has('w2'));
    const lookAt = (operations: readonly ReportedOperation[], host: string) =>
      look(operations, new Map(), new Set([host]));
    expect(await lookAt(isDone, 'w2')).toEqual([expect.stringMatching(/invariant 5: w2, .* was reset although/)]);
    const approved = { ...asked, outcome: 'finished', ...told('approve') } as const;
    expect((await lookAt([...isDone, approved], 'w2')).join()).not.toContain('invariant 5');
    expect(await lookAt(isDone, 'w1')).toEqual([]);
  });
});

describe('what was lent', () => {
  it('a token, the shared certificates, a file below /run/quorate', async () => {
    const { simulation } = cluster;
    await onConsole(simulation, 'cp1', 'kubeadm token create --description "quorate x/join/w1/k3"');
    await onConsole(simulation, 'cp1', 'kubeadm init phase upload-certs --upload-certs');
    await onConsole(simulation, 'w1', 'mkdir -p /run/quorate/x; echo x > /run/quorate/x/join.yaml');
    mend(async () => {
      await onConsole(simulation, 'w1', 'rm -r /run/quorate/x');
      const names = simulation.observer.secrets().map(({ metadata }) => metadata.name);
      await kubectl(simulation, 'cp1', `-n kube-system delete secret ${names.join(' ')}`);
    });
    const said = (await look()).join('\n');
    expect(said).toMatch(/invariant 8: the token \w{6} \(quorate x\/join\/w1\/k3\) is left/);
    expect(said).toMatch(/the Secret kubeadm-certs is left/);
    expect(said).toMatch(/\/run\/quorate\/x\/join.yaml is left on w1/);
  });

  it('a secret where it does not belong', async () => {
    const { simulation } = cluster;
    await tick();
    const token = (await onConsole(simulation, 'cp1', 'kubeadm token create')).trim();
    await onConsole(simulation, 'w1', `kubeadm join x --token ${token} || true`);
    await onConsole(simulation, 'w1', `mkdir -p /var/log/quorate; echo ${token} > /var/log/quorate/x.log`);
    mend(() => onConsole(simulation, 'w1', 'rm /var/log/quorate/x.log'));
    await onConsole(simulation, 'cp1', `kubeadm token delete ${token.slice(0, 6)}`);
    await tick();
    const said = (await look(isDone, new Map([['a history', `{"token":"${token}"}`]]))).join('\n');
    expect(said).toMatch(/invariant 8: the token \w{6} on a command line: kubeadm on w1/);
    expect(said).toMatch(/a history holds the secret of the token/);
    expect(said).toMatch(/\/var\/log\/quorate\/x.log of w1 holds the secret of the token/);
  });

  it('a certificate key where it does not belong', async () => {
    await tick();
    const key = 'ab'.repeat(32);
    const { machine } = cluster.simulation.host('cp3');
    machine.files.makeDirectories('/run/quorate/x');
    machine.files.write('/run/quorate/x/join.yaml', `controlPlane:\n  certificateKey: ${key}\n`);
    machine.files.remove('/run/quorate/x');
    expect(await look(isDone, new Map([['a history', key]]))).toEqual([
      expect.stringMatching(/a history holds a certificate key/),
    ]);
  });
});

describe('the membership lock', () => {
  it('held by two at once, and an operation that ran twice', async () => {
    const run = (operation: string, from: number, to: number) => ({ operation, from, to });
    const runs = [run('x/a', 1, 5), run('x/b', 6, 9), run('x/c', 8, 12), run('x/a', 13, 14)];
    const client = {
      workflow: {
        getHandle: (_: string, runId: string) => ({
          describe: () => {
            const { from = 0, to = 0 } = runs[Number(runId)] ?? {};
            return Promise.resolve({ startTime: new Date(from), closeTime: new Date(to) });
          },
        }),
      },
    } as unknown as Parameters<typeof overlaps>[0];
    const ended = runs.map(({ operation }, index) => ({ operation, workflowId: 'change/x', runId: String(index) }));
    expect(await overlaps(client, ended)).toEqual([
      'invariant 6: x/c began while x/b still held the membership lock',
      'invariant 6: x/a ran twice',
    ]);
    expect(await overlaps(client, ended.slice(0, 2))).toEqual([]);
    const neverBegan = { operation: 'x/d', workflowId: 'change/x' };
    expect(await overlaps(client, [...ended.slice(0, 2), neverBegan])).toEqual([]);
  });
});

describe('commands', () => {
  it('kubeadm twice in one unit, beside another, and with two successes', async () => {
    const { simulation } = cluster;
    const run =
      'systemd-run --unit=quorate-join-x kubeadm join --config /nowhere; while systemctl is-active quorate-join-x; do sleep 0.1; done; systemctl reset-failed quorate-join-x';
    await onConsole(simulation, 'w2', run);
    expect(seen.violations).toEqual([]);
    await onConsole(simulation, 'w2', run);
    expect(seen.violations).toEqual([
      expect.stringMatching(/invariant 7: kubeadm join was begun twice on w2 in the unit quorate-join-x/),
    ]);
    await overSsh('w2', 'kubeadm reset -f & kubeadm reset -f & wait');
    expect(seen.violations.at(-1)).toMatch(/invariant 7: kubeadm reset .* began on w2 beside kubeadm reset -f/);
    await onConsole(
      simulation,
      'w2',
      'mkdir -p /var/log/quorate; for i in 1 2; do echo "This node has joined the cluster:"; done > /var/log/quorate/y.log',
    );
    mend(() => onConsole(simulation, 'w2', 'rm /var/log/quorate/y.log'));
    expect((await look()).join('\n')).toMatch(/kubeadm succeeded 2 times in \/var\/log\/quorate\/y.log of w2/);
  });

  it('a backend that is enabled before its API server has served', async () => {
    const { files } = cluster.simulation.host('lb1').machine;
    const before = files.read('/etc/haproxy/haproxy.cfg');
    const line = before.split('\n').find((one) => /^\s*server cp2 /.test(one)) ?? '';
    files.write('/root/new', before.replace(line, `${line}\n${line.replaceAll('cp2', 'cp3').replace('.12', '.13')}`));
    await overSsh('lb1', 'mv /root/new /etc/haproxy/haproxy.cfg; systemctl reload haproxy');
    await expect
      .poll(() => seen.violations, { timeout: 5_000 })
      .toContainEqual(
        expect.stringMatching(/invariant 9: the backend cp3 is enabled on lb1, and the API server of cp3 never served/),
      );
    files.write('/etc/haproxy/haproxy.cfg', before);
    await onConsole(cluster.simulation, 'lb1', 'systemctl reload haproxy');
  });

  it('R20: a HAProxy that begins with a server UP that it never checked', async () => {
    const { simulation } = cluster;
    const { files } = simulation.host('lb1').machine;
    const path = '/etc/haproxy/quorate-servers.state';
    const before = files.read(path);
    const reload = () => onConsole(simulation, 'lb1', 'systemctl reload haproxy');
    mend(async () => {
      files.write(path, before);
      await simulation.faults.clear();
      await reload();
    });
    await simulation.faults.oneWay('lb1', 'cp2');
    const url = `https://${cluster.specification.spec.controlPlaneEndpoint}/readyz`;
    const script = `rm -f /run/enough; while [ ! -e /run/enough ]; do curl -sk -m 1 -o /dev/null ${url}; done`;
    const traffic = onConsole(simulation, 'w1', script);
    files.write(path, '1\n');
    await reload();
    await expect
      .poll(() => seen.violations, { timeout: 5_000 })
      .toContainEqual(
        expect.stringMatching(
          /invariant 9: HAProxy on lb1 sent a connection to cp2 before a check of cp2 had succeeded/,
        ),
      );
    await onConsole(simulation, 'w1', ': > /run/enough');
    await traffic;
  });
});
