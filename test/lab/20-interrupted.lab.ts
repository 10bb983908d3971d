import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLab } from '../../lab/index.js';
import type { Lab } from '../../lab/index.js';
import { startQuorate } from './support/quorate.js';
import type { Quorate, WorkerProcess } from './support/quorate.js';
import { collectSecrets, findSecrets, watchSecrets } from './support/secrets.js';
import { backends, etcdMembers, eventually, leftoverSecrets, nodes, runFiles, startedVoters } from './support/world.js';

let lab: Lab;
let quorate: Quorate;
let worker: WorkerProcess;

beforeAll(async () => {
  lab = await startLab({
    name: 'interrupted',
    hosts: [
      { name: 'lb1', kind: 'load-balancer', addressSuffix: 10 },
      ...[1, 2, 3].map((i) => ({ name: `cp${i}`, kind: 'node', addressSuffix: 10 + i }) as const),
    ],
    progress: (line) => console.log(line),
  });
  quorate = await startQuorate(lab);
  await watchSecrets(lab);
  worker = await quorate.startWorker();
  await quorate.check(['init', 'cp1']);
  await lab.installNetwork('cp1');
});

afterAll(async () => {
  await quorate?.stop();
  await lab?.down();
});

/** How often kubeadm join ran on a host, by the marks it leaves in the unit logs. */
const joinsRun = async (host: string): Promise<number> =>
  Number(
    (
      await lab
        .host(host)
        .check(`cat /var/log/quorate/quorate-join-*.log | grep -c 'Running pre-flight checks$' || true`)
    ).trim(),
  );

const waitForJoinToPrint = (host: string, text: string): Promise<void> =>
  eventually(
    `"${text}" in the log of ${host}`,
    async () =>
      (await lab.host(host).console(`grep -qsF ${JSON.stringify(text)} /var/log/quorate/quorate-join-*.log`)).code ===
      0,
    180_000,
  );

const provenMember = async (host: string, voters: readonly string[]): Promise<void> => {
  expect(await startedVoters(lab)).toEqual(voters);
  // One member was added: none of that name or address besides it.
  expect((await etcdMembers(lab)).length).toBe(voters.length);
  await eventually(
    `${host} Ready and UP`,
    async () => (await nodes(lab))[host] === 'True' && (await backends(lab))[host] === 'UP',
  );
  expect(await joinsRun(host)).toBe(1);
  expect(await leftoverSecrets(lab)).toEqual([]);
  expect(await runFiles(lab, host)).toEqual([]);
};

test('4. the worker is killed with SIGKILL while kubeadm join runs; another goes on, kubeadm ran once', async () => {
  const joining = quorate.run(['join', 'cp2']);
  await waitForJoinToPrint('cp2', '[control-plane] Creating static Pod manifest');
  await worker.kill('SIGKILL');
  worker = await quorate.startWorker();
  const joined = await joining;
  console.log(joined.stdout, joined.stderr);
  expect(joined.code).toBe(0);
  await provenMember('cp2', ['cp1', 'cp2']);
});

test('6. cancelled before the promotion: learner removed, host clean, nothing left; the next try joins', async () => {
  const joining = quorate.run(['join', 'cp3']);
  // The learner cannot catch up: it hears nothing of its peers.
  await waitForJoinToPrint('cp3', '[control-plane] Creating static Pod manifest');
  await lab.faults.dropPort('cp3', 2380);
  await waitForJoinToPrint('cp3', 'Announced new etcd member');
  await quorate.check(['cancel', 'interrupted/join-control-plane/cp3']);
  await sleep(1_000);
  await lab.faults.clear();
  const cancelled = await joining;
  console.log(cancelled.stdout, cancelled.stderr);
  expect(cancelled.code).toBe(5);
  expect(await startedVoters(lab)).toEqual(['cp1', 'cp2']);
  expect((await etcdMembers(lab)).length).toBe(2);
  expect(Object.keys(await backends(lab))).toEqual(['cp1', 'cp2']);
  expect(Object.keys(await nodes(lab))).toEqual(['cp1', 'cp2']);
  expect(await leftoverSecrets(lab)).toEqual([]);
  expect(await runFiles(lab, 'cp3')).toEqual([]);
  const left = await lab
    .host('cp3')
    .check(
      'find /etc/kubernetes -type f; ls -A /var/lib/etcd; find /var/lib/kubelet -mindepth 1 -maxdepth 1; ss -ltn | grep -E ":(6443|2379|2380|10250|10257|10259) " || true',
    );
  expect(left).toBe('');
});

test('5. the connection to the host is cut for 20 s during the join: it completes, kubeadm ran once', async () => {
  await lab.host('cp3').check('rm -f /var/log/quorate/*');
  const joining = quorate.run(['join', 'cp3']);
  await waitForJoinToPrint('cp3', '[control-plane] Creating static Pod manifest');
  await lab.faults.cutFrom('orchestrator', 'cp3');
  await sleep(20_000);
  await lab.faults.clear();
  const joined = await joining;
  console.log(joined.stdout, joined.stderr);
  expect(joined.code).toBe(0);
  await provenMember('cp3', ['cp1', 'cp2', 'cp3']);
});

test('7. no secret is left in the histories or logs of interrupted and cancelled joins', async () => {
  const { tokens, certificateKeys, privateKeys } = await collectSecrets(lab);
  expect(tokens.length).toBeGreaterThanOrEqual(3);
  expect(certificateKeys.length).toBeGreaterThanOrEqual(2);
  const { found } = await findSecrets([...tokens, ...certificateKeys, ...privateKeys], {
    lab,
    client: quorate.client,
    workerLog: quorate.workerLog,
  });
  expect(found).toEqual([]);
});
