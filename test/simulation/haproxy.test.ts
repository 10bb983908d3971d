import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulation } from '../../lab/simulation/index.js';
import type { Simulation } from '../../lab/simulation/index.js';
import { makeTopology } from '../../lab/topology.js';
import { haproxy } from '../adapters/load-balancer/real-haproxy.js';
import { needs } from '../support/needs.js';

// What HAProxy itself makes of a configuration, a state file and an order is what the simulated one has to make of it.

interface Haproxy {
  /** The servers' address, where connections are taken and nothing is ever said: no check ends within a second. */
  readonly silent: string;
  /** Starts, or loads again. `undefined` takes the state file away. */
  begin(configuration: string, state: string | undefined): Promise<void>;
  ask(commands: string): Promise<string>;
  askMaster(commands: string): Promise<string>;
}

const folder = mkdtempSync(join(tmpdir(), 'quorate-haproxy-'));
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
afterAll(async () => {
  for (const end of ends.toReversed()) await end();
});

const startReal = async (): Promise<Haproxy> => {
  const mute: Server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  ends.push(() => mute.close());
  const [file, state] = [join(folder, 'haproxy.cfg'), join(folder, 'servers.state')];
  const ask = (name: string, line: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = '';
      const socket = connect(join(folder, name));
      socket
        .on('connect', () => socket.write(`${line}\n`))
        .on('data', (part: Buffer) => (text += part.toString()))
        .on('error', reject)
        .on('close', () => resolve(text));
    });
  let master: number | undefined;
  const pid = async (): Promise<string> =>
    /^Pid: (\d+)/m.exec(await ask('admin.sock', 'show info').catch(() => ''))?.[1] ?? '';
  return {
    silent: `127.0.0.1:${(mute.address() as AddressInfo).port}`,
    ask: (commands) => ask('admin.sock', commands),
    askMaster: async (commands) => {
      // It is not there for some time after a reload.
      for (;;) {
        const said = await ask('master.sock', `${commands}; quit`).catch(() => '');
        if (said !== '') return said;
        await sleep(20);
      }
    },
    begin: async (configuration, saved) => {
      const text = configuration
        .replaceAll('/run/haproxy/admin.sock', join(folder, 'admin.sock'))
        .replaceAll('/etc/haproxy/servers.state', state);
      writeFileSync(file, text);
      if (saved === undefined) rmSync(state, { force: true });
      else writeFileSync(state, saved);
      const before = await pid();
      if (master === undefined) {
        const child = spawn('haproxy', ['-W', '-S', join(folder, 'master.sock'), '-f', file], { stdio: 'ignore' });
        master = child.pid;
        ends.push(() => child.kill('SIGTERM'));
      } else process.kill(master, 'SIGUSR2');
      for (;;) {
        const now = await pid();
        if (now !== '' && now !== before) return;
        await sleep(10);
      }
    },
  };
};

const startSimulated = async (simulation: Simulation): Promise<Haproxy> => {
  const { machine } = simulation.host('lb1');
  const ask = (socket: string, commands: string): Promise<string> =>
    simulation.host('lb1').check(`printf '%s\n' '${commands}' | socat - UNIX-CONNECT:${socket}`);
  await simulation.faults.oneWay('lb1', 'cp1');
  return {
    silent: `${simulation.host('cp1').address}:6443`,
    ask: (commands) => ask('/run/haproxy/admin.sock', commands),
    askMaster: (commands) => ask('/run/haproxy-master.sock', `${commands}; quit`),
    begin: async (configuration, saved) => {
      machine.files.write('/etc/haproxy/haproxy.cfg', configuration);
      if (saved !== undefined) machine.files.write('/etc/haproxy/servers.state', saved);
      else if (machine.files.exists('/etc/haproxy/servers.state')) machine.files.remove('/etc/haproxy/servers.state');
      await simulation.host('lb1').check('systemctl reload-or-restart haproxy');
      await sleep(400);
    },
  };
};

const configuration = (servers: readonly string[]): string => `global
    stats socket /run/haproxy/admin.sock mode 660 level admin
    server-state-file /etc/haproxy/servers.state
    max-spread-checks 10
defaults
    mode tcp
    load-server-state-from-file global
    timeout connect 3s
    timeout client 15m
    timeout server 15m
    timeout check 3s
frontend endpoint
    bind :7443
    default_backend kube-apiserver
backend kube-apiserver
    option httpchk GET /readyz
    default-server check check-ssl verify none inter 1s fall 2 rise 1
${servers.map((server) => `    server ${server}\n`).join('')}`;

/** Each server: HAProxy's word, and its operational and administrative state. */
const statesOf = async ({ ask }: Haproxy): Promise<readonly string[]> => {
  const [stat, state] = [await ask('show stat'), await ask('show servers state kube-apiserver')];
  const rows = stat.split('\n').map((line) => line.split(','));
  const status = rows[0]?.indexOf('status') ?? -1;
  return state
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[1] === 'kube-apiserver')
    .map((fields) => {
      const row = rows.find((one) => one[0] === 'kube-apiserver' && one[1] === fields[3]);
      return `${fields[3]}: ${row?.[status]}, operational ${fields[5]}, administrative ${fields[6]}, health ${fields[12]}`;
    });
};

describe('HAProxy itself and the simulated one', needs(haproxy), () => {
  let simulation: Simulation;
  let both: readonly [Haproxy, Haproxy];
  beforeAll(async () => {
    simulation = await startSimulation({
      hosts: makeTopology({ controlPlanes: 1, workers: 0, loadBalancers: 1 }),
      timeScale: 1,
    });
    ends.push(() => simulation.down());
    both = [await startReal(), await startSimulated(simulation)];
  });

  /** Does the same with each, and has to see the same. */
  const same = async (look: (one: Haproxy) => Promise<unknown>): Promise<unknown> => {
    const [real, simulated] = [await look(both[0]), await look(both[1])];
    expect(simulated).toEqual(real);
    expect(simulation.world.defects).toEqual([]);
    return real;
  };

  const twoServers = (one: Haproxy): string => configuration([`cp1 ${one.silent}`, `cp2 ${one.silent} disabled`]);

  it.each([
    ['no state file', undefined],
    ['an empty one', ''],
    ['one without a version', 'no version\n'],
    ['one that ends within a line', '1\n1 kube-apiserver 1 cp1 10.0.0.1 0 0 1 1 0 1 0 0 6 0 0 0'],
    ['one with nothing about it', '1\n# nothing\n'],
  ])('begin with every server UP that is not disabled: %s', async (_, state) => {
    const seen = await same(async (one) => {
      await one.begin(twoServers(one), state);
      return statesOf(one);
    });
    expect(seen).toEqual([
      'cp1: UP 1/2, operational 2, administrative 0, health 1',
      'cp2: MAINT, operational 0, administrative 5, health 0',
    ]);
  });

  it('go on as the state file says, unless the configuration says something else than before', async () => {
    const cases = [0, 2].flatMap((operational) =>
      [0, 1, 4, 5, 8, 12].flatMap((admin) => [false, true].map((disabled) => ({ operational, admin, disabled }))),
    );
    const seen = await same(async (one) => {
      const [, port] = one.silent.split(':');
      const servers = cases.map(({ disabled }, index) => `s${index} ${one.silent}${disabled ? ' disabled' : ''}`);
      const lines = cases.map(
        ({ operational, admin }, index) =>
          `1 kube-apiserver 1 s${index} 10.0.0.1 ${operational} ${admin} 1 1 60 15 3 ${operational} 6 0 0 0 - ${port} -\n`,
      );
      await one.begin(configuration(servers), `1\n${lines.join('')}`);
      return statesOf(one);
    });
    expect(seen).toContain('s0: DOWN, operational 0, administrative 0, health 0');
    expect(seen).toHaveLength(cases.length);
  });

  it('take a server out and back as it was ordered', async () => {
    const orders = [
      'state maint',
      'state ready',
      'health down',
      'health up',
      'state drain',
      'state maint',
      'state drain',
      'health down',
      'state ready',
    ];
    await same(async (one) => {
      await one.begin(twoServers(one), undefined);
      const seen: (readonly string[])[] = [];
      for (const order of orders) {
        await one.ask(`set server kube-apiserver/cp1 ${order};set server kube-apiserver/cp2 ${order}`);
        seen.push(await statesOf(one));
      }
      return seen;
    });
  });

  it('answer at the socket of the master', async () => {
    await same(async (one) => {
      await one.begin(twoServers(one), undefined);
      const worker = /^Pid: (\d+)/m.exec(await one.ask('show info'))?.[1] ?? '';
      const said = await one.askMaster('show proc');
      return {
        shape: said
          .replace(/^\d+ +(worker) +\d+ .*$/m, (line) => line.replace(worker, 'WORKER'))
          .replaceAll(/\d+/g, 'N')
          .replaceAll(/ +/g, ' ')
          .replace(/# old workers\n(N worker.*\n)*/, ''),
        first: (await one.askMaster(`@!${worker} show info`)).split('\n')[0],
        unknown: await one.askMaster('@!4194303 show info'),
        missing: await one.ask('show servers state nobody'),
      };
    });
  });
});
