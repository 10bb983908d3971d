// npm run bench:join [-- --rounds 5]: joins by Quorate and by hand, interleaved on the same real hosts.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterYaml, startLab } from '../lab/index.js';
import { freePort } from '../workers/temporal-server/ports.js';
import { joinByHand, prepareWatch, takeOut, untilCalm, untilProven } from './bench-join/by-hand.js';
import type { HandsOptions } from './bench-join/by-hand.js';
import { createRemote } from './bench-join/remote.js';
import { peakRssMiB } from './process-usage.js';

const program = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const roundsAt = process.argv.indexOf('--rounds');
const rounds = roundsAt === -1 ? 5 : Number(process.argv[roundsAt + 1]);

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};
const seconds = (ms: number): string => (ms / 1000).toFixed(1);

const folder = mkdtempSync(join(tmpdir(), 'quorate-bench-'));
const lab = await startLab({
  name: 'bench',
  hosts: [
    { name: 'lb1', kind: 'load-balancer', addressSuffix: 10 },
    ...[1, 2, 3].map((i) => ({ name: `cp${i}`, kind: 'node', addressSuffix: 10 + i }) as const),
    { name: 'w1', kind: 'node', addressSuffix: 21 },
  ],
  progress: (line) => console.error(line),
});
let dev: ChildProcess | undefined;
try {
  const clusterFile = join(folder, 'cluster.yaml');
  writeFileSync(clusterFile, clusterYaml(lab));
  const remote = createRemote(lab.sshConfigFile, folder);
  const port = await freePort();
  const env = { ...process.env, TEMPORAL_ADDRESS: `127.0.0.1:${port}`, XDG_STATE_HOME: folder, NO_COLOR: '1' };

  const quorate = (args: readonly string[], expected: readonly (number | null)[] = [0]): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, ...args, '-f', clusterFile], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
      child.once('close', (code) =>
        expected.includes(code) ? resolve(text) : reject(new Error(`quorate ${args.join(' ')}: ${code}\n${text}`)),
      );
    });

  dev = spawn(
    process.execPath,
    [
      program,
      'dev',
      '--ssh-config',
      lab.sshConfigFile,
      '--port',
      String(port),
      '--ui-port',
      String(await freePort()),
      '--db-file',
      join(folder, 'temporal.db'),
    ],
    { env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const { pid } = dev;
  await new Promise<void>((resolve, reject) => {
    let text = '';
    const see = (chunk: Buffer): void => {
      text += chunk.toString();
      if (text.includes('quorate dev is ready')) resolve();
    };
    dev?.stdout?.on('data', see);
    dev?.stderr?.on('data', see);
    dev?.once('close', (code) => reject(new Error(`quorate dev ended with ${code}:\n${text}`)));
  });

  await quorate(['init', 'cp1']);
  await lab.installNetwork('cp1');
  await quorate(['join', 'cp2']);
  await prepareWatch(remote);
  console.error('the cluster is up: two control-plane hosts; the third joins and leaves again');

  const measure = async (side: 'quorate' | 'by hand', options: HandsOptions): Promise<number> => {
    await untilCalm(remote);
    const started = performance.now();
    const proven = untilProven(options).then(() => performance.now() - started);
    const [ms] = await Promise.all([
      proven,
      side === 'quorate' ? quorate(['join', options.host]) : joinByHand(options),
    ]);
    await takeOut(options);
    console.error(`${options.controlPlane ? 'control plane' : 'worker'}, ${side}: ${seconds(ms)} s`);
    return ms;
  };

  const compare = async (options: HandsOptions): Promise<{ quorate: number[]; byHand: number[] }> => {
    const times = { quorate: [] as number[], byHand: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      // The order changes from round to round, so that neither side always follows the other.
      for (const side of round % 2 === 0 ? (['quorate', 'by hand'] as const) : (['by hand', 'quorate'] as const)) {
        const ms = await measure(side, options);
        (side === 'quorate' ? times.quorate : times.byHand).push(ms);
      }
    }
    return times;
  };

  const controlPlane = await compare({ lab, remote, host: 'cp3', controlPlane: true });
  const worker = await compare({ lab, remote, host: 'w1', controlPlane: false });

  await remote('w1', 'mv /usr/bin/kubeadm /usr/bin/kubeadm.away');
  const verdicts: number[] = [];
  for (let round = 0; round < 5; round++) {
    const started = performance.now();
    const text = await quorate(['join', 'w1'], [1]);
    verdicts.push(performance.now() - started);
    if (!text.includes('kubeadm')) throw new Error(`no verdict about kubeadm:\n${text}`);
  }
  await remote('w1', 'mv /usr/bin/kubeadm.away /usr/bin/kubeadm');

  const rssMiB = peakRssMiB(pid as number);

  const row = (
    name: string,
    times: { quorate: number[]; byHand: number[] },
    allowed: (byHand: number) => number,
  ): boolean => {
    const [q, h] = [median(times.quorate), median(times.byHand)];
    const ok = q <= allowed(h);
    console.log(
      `| ${name} | ${times.byHand.map(seconds).join(' ')} | ${times.quorate.map(seconds).join(' ')} | ${seconds(h)} | ${seconds(q)} | ${(q / h).toFixed(2)} | ${seconds(allowed(h))} | ${ok ? 'yes' : 'NO'} |`,
    );
    return ok;
  };
  console.log('| join | by hand (s) | Quorate (s) | median by hand | median Quorate | ratio | allowed | met |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  const met = [
    row('control plane', controlPlane, (byHand) => byHand * 1.25 + 6_000),
    row('worker', worker, (byHand) => byHand + 4_000),
    median(verdicts) <= 3_000,
    rssMiB <= 300,
  ];
  console.log(
    `preflight verdict on a bad host: median ${seconds(median(verdicts))} s of ${verdicts.length} (allowed 3.0 s); worker process: ${rssMiB.toFixed(0)} MiB RSS at most (allowed 300)`,
  );
  const line = (name: string, times: { quorate: number[]; byHand: number[] }): string =>
    `${name} ${seconds(median(times.quorate))} s against ${seconds(median(times.byHand))} s by hand, ratio ${(median(times.quorate) / median(times.byHand)).toFixed(2)}`;
  console.log(`medians: ${line('control-plane join', controlPlane)}; ${line('worker join', worker)}`);
  if (met.includes(false)) process.exitCode = 1;
} finally {
  if (dev !== undefined && dev.exitCode === null) {
    dev.kill('SIGTERM');
    await new Promise((resolve) => dev?.once('close', resolve));
  }
  await lab.down();
  rmSync(folder, { recursive: true, force: true });
}
