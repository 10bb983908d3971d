// The lab itself: what the other scenarios stand on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LabInUseError, startLab, type HostOptions, type Lab } from '../../lab/index.js';
import { listOwners } from '../../lab/ownership.js';
import { run } from '../../lab/shell.js';
import { waitUntil } from '../../lab/wait.js';

const hosts: HostOptions[] = [
  { name: 'cp1', kind: 'node', addressSuffix: 11 },
  { name: 'lb1', kind: 'load-balancer', addressSuffix: 10 },
];
const NAME = 'selftest';
const KEPT = 'selftest-kept';
const program = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'lab', 'main.js');

/** Runs the lab's command line, as compiled by `npm run build`. */
async function commandLine(...args: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

/** Everything on this machine that belongs to the labs of this file. */
async function traces(): Promise<string[]> {
  const ours = (line: string): boolean => line.includes(NAME);
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return ours(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) || ours(readFileSync(`/proc/${pid}/environ`, 'utf8'));
      } catch {
        return false;
      }
    })
    .map((pid) => `process ${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\u0000', ' ')}`);
  const lines = async (command: string, ...args: string[]): Promise<string[]> =>
    (await run(command, args)).stdout.split('\n').filter(ours);
  return [
    ...processes,
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(ours),
    ...(await lines('losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE')),
    ...(await lines('ip', 'netns', 'list')),
    ...(await lines('find', '/sys/fs/cgroup', '-type', 'd', '-path', '*quorate-lab*')),
    ...(await lines('ip', '-o', 'link')),
    ...(existsSync('/run/quorate-lab') ? readdirSync('/run/quorate-lab').filter(ours) : []),
    ...(existsSync('/var/tmp/quorate-lab') ? readdirSync('/var/tmp/quorate-lab').filter(ours) : []),
  ];
}

/** What any lab would leave, for a machine on which no other lab is up. */
async function machine(): Promise<unknown> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => /quorate|netns|loop/.test(line));
  const text = async (command: string, ...args: string[]): Promise<string> => (await run(command, args)).stdout;
  return {
    mounts,
    loops: await text('losetup', '--list', '--noheadings'),
    namespaces: await text('ip', 'netns', 'list'),
    groups: await text('find', '/sys/fs/cgroup', '-type', 'd', '-name', 'quorate-lab'),
    links: (await text('ip', '-br', 'link')).split('\n').map((line) => line.split(' ')[0]),
  };
}

describe('a lab of two hosts', () => {
  let lab: Lab;
  let before: unknown;
  const alone = listOwners().length === 0;

  beforeAll(async () => {
    before = await machine();
    lab = await startLab({ name: NAME, hosts, progress: (line) => console.log(line) });
  });
  afterAll(() => lab.down());

  const startOfInit = (): Promise<string> => lab.host('cp1').check('stat -c %y /run/systemd/system');

  test('answers to ssh as root and as ops, who may become root', async () => {
    for (const host of lab.hosts) {
      expect(await host.check('id -un; hostname')).toBe(`root\n${host.name}\n`);
      expect(await host.check('id -un; sudo id -un', { user: 'ops' })).toBe('ops\nroot\n');
    }
    const failed = await lab.host('cp1').run('echo out; echo "it\'s" >&2; exit 3');
    expect(failed).toEqual({ code: 3, stdout: 'out\n', stderr: "it's\n" });
    await expect(lab.host('cp1').check('echo why >&2; false')).rejects.toThrow('why');
    expect(await lab.host('cp1').check('cat', { stdin: 'given' })).toBe('given');
    expect((await lab.host('cp1').run('sleep 30', { timeoutMs: 1_000 })).code).toBe(124);
  });

  test('has what a freshly installed kubeadm host has, and no kubelet that runs', async () => {
    const node = lab.host('cp1');
    expect((await node.run('systemctl is-system-running --wait')).stdout).toBe('running\n');
    expect((await node.run('systemctl is-enabled kubelet; systemctl is-active kubelet')).stdout).toBe(
      'disabled\ninactive\n',
    );
    expect(await node.check('kubeadm version -o short')).toBe('v1.37.1\n');
    const wanted = (await node.check('kubeadm config images list --kubernetes-version v1.37.1')).trim().split('\n');
    const imported = (await node.check('ctr -n k8s.io image ls -q')).split('\n');
    expect(imported).toEqual(expect.arrayContaining([...wanted, 'localhost/lab/network:1', 'localhost/lab/web:1']));
    expect(await node.check('sysctl -n net.ipv4.ip_forward')).toBe('1\n');
    expect(await node.check('ls /etc/cni/net.d 2>/dev/null | wc -l')).toBe('0\n');
    const balancer = lab.host('lb1');
    await balancer.check('haproxy -v; keepalived --version');
    expect((await balancer.run('systemctl is-active haproxy keepalived')).stdout).toBe('inactive\ninactive\n');
  });

  test('a power cut loses what was not synced, and the host comes back as the same machine', async () => {
    const node = lab.host('cp1');
    const machineId = await node.check('cat /etc/machine-id');
    const started = await startOfInit();
    await node.check(
      'echo kept > /var/lib/etcd/kept; sync; dd if=/dev/zero of=/var/lib/etcd/lost bs=1M count=8 status=none',
    );
    await node.powerCut({ loseCache: true });
    expect(node.isOn()).toBe(false);
    await node.powerOn();
    await node.waitForSsh();
    expect(await node.check('cat /etc/machine-id')).toBe(machineId);
    expect(await startOfInit()).not.toBe(started);
    expect(await node.check('cat /var/lib/etcd/kept; stat -c %s /var/lib/etcd/lost 2>/dev/null || echo 0')).toBe(
      'kept\n0\n',
    );
  });

  test('reboots by itself and by the button, and shuts down', async () => {
    const node = lab.host('cp1');
    let started = await startOfInit();
    await node.reboot();
    await node.waitForSsh();
    expect(await startOfInit()).not.toBe(started);
    started = await startOfInit();
    await node.run('systemctl reboot', { timeoutMs: 10_000 });
    expect(
      await waitUntil(
        async () =>
          (await node.run('stat -c %y /run/systemd/system', { timeoutMs: 3_000 })).stdout.trim() !== started.trim(),
        30_000,
      ),
    ).toBe(true);
    await node.waitForSsh();
    await node.shutdown();
    expect(node.isOn()).toBe(false);
    await node.powerOn();
    await node.waitForSsh();
  });

  test('a frozen host keeps its connections and answers nothing until it thaws', async () => {
    const node = lab.host('cp1');
    node.freeze();
    expect((await node.run('true', { timeoutMs: 2_000 })).code).toBe(124);
    node.thaw();
    await node.check('true');
    node.freeze();
    await node.powerCut();
    await node.powerOn();
    await node.waitForSsh();
  });

  test('faults of the network are seen from outside only, and end', async () => {
    const [node, balancer] = [lab.host('cp1'), lab.host('lb1')];
    const hears = async (from: typeof node, to: typeof node): Promise<boolean> =>
      (await from.console(`ping -c 1 -W 1 ${to.address}`)).code === 0;
    expect(await hears(node, balancer)).toBe(true);
    await lab.faults.isolate('cp1');
    expect((await node.run('true', { timeoutMs: 1_500 })).code).not.toBe(0);
    expect(await hears(balancer, node)).toBe(false);
    expect((await node.console('cat /sys/class/net/eth0/operstate; nft list ruleset')).stdout).toBe('up\n');
    await lab.faults.clear();
    await node.check('true');
    await lab.faults.partition('cp1', 'lb1');
    expect(await hears(balancer, node)).toBe(false);
    await node.check('true');
    await lab.faults.clear();
    await lab.faults.cutFrom('orchestrator', 'cp1');
    expect((await node.run('true', { timeoutMs: 1_500 })).code).not.toBe(0);
    expect(await hears(balancer, node)).toBe(true);
    await lab.faults.clear();
    const connect = `busybox timeout 1 nc -z -w 1 ${node.address} 22`;
    await lab.faults.dropPort('cp1', 22);
    expect((await balancer.run(connect)).code).not.toBe(0);
    await lab.faults.clear();
    await lab.faults.rejectPort('cp1', 22);
    // curl: 7 is refused, 28 would be silence.
    expect((await balancer.run(`curl -sS -m 3 telnet://${node.address}:22 < /dev/null`)).code).toBe(7);
    await lab.faults.clear();
    await lab.faults.oneWay('lb1', 'cp1');
    expect(await hears(balancer, node)).toBe(false);
    await lab.faults.clear();
    await lab.faults.loss('cp1', 100);
    expect(await hears(balancer, node)).toBe(false);
    await lab.faults.rate('cp1', '1mbit');
    await lab.faults.cable('cp1', 'out');
    await lab.faults.clear();
    await node.waitForSsh();
    expect(await hears(balancer, node)).toBe(true);
  });

  test('a full disk is full, and a rebuilt host is empty and another machine with the same ssh key', async () => {
    const node = lab.host('cp1');
    await lab.faults.fillDisk('cp1');
    expect((await node.run('dd if=/dev/zero of=/var/lib/etcd/x bs=1M count=4')).stderr).toContain('No space left');
    await lab.faults.freeDisk('cp1');
    await node.check('dd if=/dev/zero of=/var/lib/etcd/x bs=1M count=4');
    const machineId = await node.check('cat /etc/machine-id');
    await node.rebuild();
    expect(await node.check('ls /var/lib/etcd | wc -l')).toBe('0\n');
    expect(await node.check('cat /etc/machine-id')).not.toBe(machineId);
  });

  test('gets another host while it runs', async () => {
    const added = await lab.addHost({ name: 'lb2', kind: 'load-balancer', addressSuffix: 9 });
    expect(await added.check('hostname')).toBe('lb2\n');
  });

  test('is not touched by another process, which is told whose it is', async () => {
    await expect(startLab({ name: NAME, hosts })).rejects.toThrow(LabInUseError);
    for (const command of ['up', 'down']) {
      const refused = await commandLine(command, '--name', NAME);
      expect(refused.code).toBe(1);
      expect(refused.text).toContain(`in use by process ${process.pid}`);
    }
    await lab.host('cp1').check('true');
  });

  test('leaves nothing when it is taken down', async () => {
    await lab.down();
    expect(await traces()).toEqual([]);
    expect(existsSync(lab.directory)).toBe(false);
    if (alone && listOwners().length === 0) expect(await machine()).toEqual(before);
  });
});

describe('a lab whose owner was killed', () => {
  const up = (): Promise<{ code: number | null; text: string }> =>
    commandLine('up', '--name', KEPT, '--control-planes', '0', '--workers', '0', '--load-balancers', '1');
  const killKeeper = async (): Promise<void> => {
    const owner = listOwners().find((each) => each.name === KEPT);
    if (owner === undefined) throw new Error(`no lab ${KEPT}`);
    process.kill(owner.pid, 'SIGKILL');
    await sleep(200);
  };
  afterAll(() => commandLine('down', '--name', KEPT));

  test('is cleared by the next one of that name', async () => {
    const first = await up();
    expect(first.text).toContain('on');
    expect(first.code).toBe(0);
    await killKeeper();
    expect(await traces()).not.toEqual([]);
    const again = await up();
    expect(again.code).toBe(0);
    expect(again.text).toContain(`cleared what the lab "${KEPT}" of a dead process had left`);
    expect((await commandLine('ssh', '--name', KEPT, 'lb1', 'hostname')).text).toBe('lb1\n');
  });

  test('is cleared by down, also when its hosts were frozen', async () => {
    expect((await commandLine('power', '--name', KEPT, 'lb1', 'freeze')).code).toBe(0);
    await killKeeper();
    const down = await commandLine('down', '--name', KEPT);
    expect(down.text).toContain('left by a dead process and is cleared');
    // Nobody's children now: the machine's first process collects them in its own time.
    await waitUntil(async () => (await traces()).length === 0, 5_000);
    expect(await traces()).toEqual([]);
  });
});
