import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startLab } from '../../lab/index.js';
import type { Lab } from '../../lab/index.js';
import { startQuorate } from './support/quorate.js';
import type { Quorate, Ran, WorkerProcess } from './support/quorate.js';

// Each thing that is wrong with a host or a specification gives one clear error with its remedy, and changes nothing.

let lab: Lab;
let quorate: Quorate;
let worker: WorkerProcess;
let before: string;

beforeAll(async () => {
  lab = await startLab({
    name: 'bad-input',
    hosts: [
      { name: 'lb1', kind: 'load-balancer', addressSuffix: 10 },
      { name: 'cp1', kind: 'node', addressSuffix: 11 },
    ],
    progress: (line) => console.log(line),
  });
  quorate = await startQuorate(lab);
  worker = await quorate.startWorker();
});

afterAll(async () => {
  await quorate?.stop();
  await lab?.down();
});

/** All that a change would touch first. */
const world = async (): Promise<string> => {
  const host = await lab
    .host('cp1')
    .console(
      'find /etc/kubernetes /var/lib/kubelet /var/lib/etcd /var/lib/quorate /run/quorate /etc/sysctl.d /etc/modules-load.d -type f 2>/dev/null | sort; systemctl is-enabled kubelet; systemctl is-active kubelet',
    );
  const balancer = await lab.host('lb1').console('cat /etc/haproxy/haproxy.cfg; systemctl is-active haproxy');
  return host.stdout + balancer.stdout;
};

beforeEach(async () => {
  before = await world();
});

afterEach(async () => {
  expect(await world()).toBe(before);
});

const specification = (change: (text: string) => string): string => {
  const file = join(quorate.folder, 'bad.yaml');
  const text = readFileSync(quorate.clusterFile, 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
  return file;
};

const says = (ran: Ran, code: number, ...parts: RegExp[]): void => {
  const said = ran.stdout + ran.stderr;
  console.log(`${(ran.ms / 1000).toFixed(1)} s\n${said}`);
  for (const part of parts) expect(said).toMatch(part);
  expect(ran.code).toBe(code);
};

test('a wrong specification: every problem with its place', async () => {
  const file = specification((text) =>
    text
      .replace('role: control-plane', 'role: controlplane')
      .replace('kubernetesVersion: v1.37.1', 'kubernetesVersion: latest'),
  );
  const ran = await quorate.run(['init', 'cp1'], { file });
  says(ran, 2, /bad\.yaml:\d+:\d+/, /spec\.hosts\.cp1\.role/, /control-plane/, /spec\.kubernetesVersion/);
});

test('a host that is not in the specification', async () => {
  says(await quorate.run(['init', 'cp9']), 2, /cp9/, /cp1/);
});

test('a host that the SSH configuration does not know', async () => {
  const file = specification((text) =>
    text.replace(
      '  hosts:\n    cp1:\n',
      '  hosts:\n    nowhere:\n      role: control-plane\n      address: 10.203.99.9\n    cp1:\n',
    ),
  );
  says(await quorate.run(['init', 'nowhere'], { file }), 1, /nowhere/, /ssh|SSH|resolve/);
});

test('a host that does not answer: blocked, with what to look at', async () => {
  await lab.faults.cable('cp1', 'out');
  const file = specification((text) => `${text}  policy: { budgets: { unreachable: 5s }, resumeWhenHealthy: false }\n`);
  await worker.kill('SIGKILL');
  worker = await quorate.startWorker();
  says(await quorate.run(['init', 'cp1'], { file }), 3, /Unreachable/, /ssh cp1/, /quorate decide/);
  await lab.faults.clear();
  await lab.faults.cable('cp1', 'in');
  const aborted = await quorate.run(['decide', 'bad-input/init/cp1', 'abort', '--reason', 'test']);
  // The operator asked for it: that the operation ended so is success.
  says(aborted, 0, /nothing was changed/i);
});

test('a key that the host refuses', async () => {
  await lab
    .host('cp1')
    .console('mv /home/ops/.ssh/authorized_keys /home/ops/.ssh/away; mv /root/.ssh/authorized_keys /root/.ssh/away');
  await worker.kill('SIGKILL');
  worker = await quorate.startWorker();
  try {
    says(await quorate.run(['init', 'cp1']), 1, /cp1/, /key/, /authorized_keys|IdentityFile|agent/);
  } finally {
    await lab
      .host('cp1')
      .console('mv /home/ops/.ssh/away /home/ops/.ssh/authorized_keys; mv /root/.ssh/away /root/.ssh/authorized_keys');
  }
});

test('a host key that has changed, and one that is not known', async () => {
  const configuration = readFileSync(lab.sshConfigFile, 'utf8');
  const knownHosts = /UserKnownHostsFile "?([^"\n]+)"?/.exec(configuration)?.[1] ?? '';
  const lines = readFileSync(knownHosts, 'utf8').trim().split('\n');
  const keys = lines.map((line) => line.split(' ').slice(1).join(' '));
  // Every line gets the key of the next one: all of them are wrong.
  const swapped = lines.map((line, index) => `${line.split(' ')[0]} ${keys[(index + 1) % keys.length]}`).join('\n');
  try {
    for (const [content, type, remedy] of [
      [swapped, /another host key than the known one/, /ssh-keygen -R/],
      ['', /not known|unknown|no known_hosts/i, /ssh-keyscan|known_hosts/],
    ] as const) {
      const file = join(quorate.folder, 'known_hosts');
      writeFileSync(file, `${content}\n`);
      const sshConfig = join(quorate.folder, 'ssh_config');
      writeFileSync(sshConfig, configuration.replaceAll(knownHosts, file));
      await worker.kill('SIGKILL');
      worker = await quorate.startWorker(sshConfig);
      says(await quorate.run(['init', 'cp1']), 1, type, remedy, /SHA256:/);
    }
  } finally {
    await worker.kill('SIGKILL');
    worker = await quorate.startWorker();
  }
});

test('programs of another version', async () => {
  const file = specification((text) => text.replace('kubernetesVersion: v1.37.1', 'kubernetesVersion: v1.36.4'));
  says(await quorate.run(['init', 'cp1'], { file }), 1, /1\.37\.1/, /1\.36/);
});

test('cgroup v1 without the flags', async () => {
  const file = specification((text) =>
    text.replace(/ {4}ignorePreflightErrors:\n {6}- SystemVerification\n/, '').replace(/ {6}failCgroupV1: false\n/, ''),
  );
  says(await quorate.run(['init', 'cp1'], { file }), 1, /cgroup v1/, /cgroup v2|failCgroupV1/);
});

test.each([
  [
    'kubeadm is missing',
    'mv /usr/bin/kubeadm /usr/bin/kubeadm.away',
    'mv /usr/bin/kubeadm.away /usr/bin/kubeadm',
    [/kubeadm/, /install/i],
  ],
  ['containerd does not run', 'systemctl stop containerd', 'systemctl start containerd', [/containerd/, /systemctl/]],
  [
    'swap is on',
    'printf "Filename\\tType\\tSize\\tUsed\\tPriority\\n/swapfile\\tfile\\t1048572\\t0\\t-2\\n" > /run/swaps; mount --bind /run/swaps /proc/swaps',
    'umount /proc/swaps',
    [/swap/, /swapoff|failSwapOn/],
  ],
] as const)('%s', async (_name, make, mend, parts) => {
  await lab.host('cp1').console(make);
  try {
    const ran = await quorate.run(['init', 'cp1']);
    says(ran, 1, ...parts, /Nothing was changed/);
    expect(ran.ms).toBeLessThan(15_000);
  } finally {
    await lab.host('cp1').console(mend);
  }
});

test('no room on the disk', async () => {
  await lab.faults.fillDisk('cp1');
  try {
    says(await quorate.run(['init', 'cp1']), 1, /MiB|GiB|disk/, /free|space|room/i);
  } finally {
    await lab.faults.freeDisk('cp1');
  }
});
