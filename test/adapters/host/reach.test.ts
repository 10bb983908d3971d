import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checkReach } from '../../../adapters/host/reach.js';
import type { ReachInput } from '../../../adapters/host/reach.js';
import { dialResult } from '../../../adapters/host/reach-script.js';
import type { Host, Hosts } from '../../../adapters/ssh/types.js';
import { QuorateError } from '../../../model/failures/failure.js';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

// Loopback addresses of this process alone, so that the fixed ports of Kubernetes are free on them.
const net = `127.${100 + (process.pid % 100)}.${process.pid % 250}`;
const target = { name: 'cp3', address: `${net}.3`, labels: {} };
const cp1 = { name: 'cp1', address: `${net}.1` };

const servers: Server[] = [];
const shells: ShellHost[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const host of shells.splice(0)) host.close();
});

const listen = (address: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    servers.push(server);
    server.once('error', reject).listen(port, address, () => resolve((server.address() as AddressInfo).port));
  });

const shell = (name: string): ShellHost => {
  const host = shellHost({ name });
  shells.push(host);
  host.program('ping', 'exit 0');
  host.program('ip', 'exit 1');
  return host;
};

const hostsOf = (...hosts: Host[]): Hosts => ({
  host: (name) => {
    const host = hosts.find((one) => one.name === name);
    if (host === undefined) throw new Error(`no host ${name}`);
    return host;
  },
  close: async () => {},
});

const gone = (name: string): Host => ({
  name,
  run: () => Promise.reject(new QuorateError('Unreachable', `${name} is gone`, { remedy: 'none' })),
});

const input = (endpoint: string, kind: ReachInput['kind'] = 'join-control-plane'): ReachInput => ({
  target,
  controlPlane: [cp1, { name: target.name, address: target.address }],
  endpoint,
  kind,
});

/** A bash that opens every connection within 250 ms but to one address, which stays silent. */
const dialsBut = (silent: string): string => `
shift 3
while [ $# -gt 0 ]; do
  echo "dialling $1"
  [ "$2" = ${silent} ] || echo "dial $1 1.000000 1.250000 open"
  shift 3
done
exec sleep 60`;

const short = (dials: readonly { from: string; to: string; port: number; result: string }[]): string[] =>
  dials.map(({ from, to, port, result }) => `${from} ${to} ${port} ${result}`);

describe('checkReach', () => {
  it('dials the endpoint and the peers, and from the peers back', async () => {
    const endpoint = `127.0.0.1:${await listen('127.0.0.1', 0)}`;
    await listen(cp1.address, 6443);
    const facts = await checkReach(hostsOf(shell('cp1'), shell('cp3')), input(endpoint));
    const port = Number(endpoint.split(':')[1]);
    expect(short(facts.dials)).toEqual([
      `cp3 ${endpoint} ${port} open`,
      'cp3 cp1 6443 open',
      'cp3 cp1 2379 refused',
      'cp3 cp1 2380 refused',
      `cp1 ${endpoint} ${port} open`,
      'cp1 cp3 6443 refused',
      'cp1 cp3 2379 refused',
      'cp1 cp3 2380 refused',
      'cp1 cp3 10250 refused',
    ]);
    for (const dial of facts.dials) expect(dial.ms).toBeLessThan(1300);
    expect(facts.mtu).toEqual([]);
  });

  it('asks less of a worker, and of the first host only whether it reaches the endpoint', async () => {
    const endpoint = `127.0.0.1:${await listen('127.0.0.1', 0)}`;
    const worker = await checkReach(hostsOf(shell('cp1'), shell('cp3')), input(endpoint, 'join-worker'));
    expect(short(worker.dials).map((line) => line.replace(/:\d+ \d+/, ''))).toEqual([
      'cp3 127.0.0.1 open',
      'cp3 cp1 6443 refused',
      'cp1 127.0.0.1 open',
      'cp1 cp3 10250 refused',
    ]);
    const init = await checkReach(hostsOf(shell('cp3')), input(endpoint, 'init'));
    expect(init.dials).toHaveLength(1);
  });

  it('tells a name that does not resolve from one that does', async () => {
    const port = await listen('127.0.0.1', 0);
    const named = await checkReach(hostsOf(shell('cp3')), input(`localhost:${port}`, 'init'));
    expect(named.dials).toMatchObject([{ to: `localhost:${port}`, result: 'open' }]);
    const lost = await checkReach(hostsOf(shell('cp3')), input('no-such-name.invalid:6443', 'init'));
    expect(lost.dials).toMatchObject([{ result: 'unresolved' }]);
  });

  it('is done in time when something is silent, and keeps what the others said', async () => {
    const own = shell('cp3');
    own.program('bash', dialsBut('127.0.0.1'));
    const before = Date.now();
    const { dials } = await checkReach(hostsOf(shell('cp1'), own), input('127.0.0.1:6443', 'join-worker'));
    // 1.3 s, and 5 s more for the one that was silent.
    expect(Date.now() - before).toBeLessThan(9000);
    expect(dials[0]).toEqual({ from: 'cp3', to: '127.0.0.1:6443', port: 6443, result: 'silent' });
    expect(dials[1]).toEqual({ from: 'cp3', to: 'cp1', port: 6443, result: 'open', ms: 250 });
  });

  it('R25: says no time where the clock was set while it dialled', async () => {
    const own = shell('cp3');
    own.program(
      'bash',
      'echo "dialling 0"; echo "dial 0 1.000000 86401.250000 open"; echo "dialling 1"; echo "dial 1 86401.000000 1.250000 open"',
    );
    const { dials } = await checkReach(hostsOf(shell('cp1'), own), input('127.0.0.1:6443', 'join-worker'));
    expect(dials.slice(0, 2)).toEqual([
      { from: 'cp3', to: '127.0.0.1:6443', port: 6443, result: 'open' },
      { from: 'cp3', to: 'cp1', port: 6443, result: 'open' },
    ]);
  });

  it('dials again what was silent at first: a busy host is not cut off', async () => {
    const own = shell('cp3');
    own.program(
      'bash',
      'case "$*" in *127.0.0.1*) echo "dialling 0"; echo "dial 0 - - open"; echo "dialling 1"; sleep 9 ;; *) echo "dialling 0"; echo "dial 0 - - open" ;; esac',
    );
    const { dials } = await checkReach(hostsOf(shell('cp1'), own), input('127.0.0.1:6443', 'join-worker'));
    expect(short(dials).slice(0, 2)).toEqual(['cp3 127.0.0.1:6443 6443 open', 'cp3 cp1 6443 open']);
  });

  it('knows nothing where bash is broken, or a dial never began', async () => {
    const own = shell('cp3');
    own.program('bash', 'exit 1');
    expect((await checkReach(hostsOf(own), input('127.0.0.1:1', 'init'))).dials).toMatchObject([{ result: 'unknown' }]);
    own.program('bash', 'sleep 60');
    expect((await checkReach(hostsOf(own), input('127.0.0.1:1', 'init'))).dials).toMatchObject([{ result: 'unknown' }]);
  });

  it('takes a peer that SSH does not reach as unknown, and the silence towards it too', async () => {
    const own = shell('cp3');
    own.program(
      'bash',
      'case "$*" in *127.0.0.1*) echo "dialling 0"; echo "dial 0 - - open"; echo "dialling 1" ;; *) echo "dialling 0" ;; esac; sleep 9',
    );
    const facts = await checkReach(hostsOf(gone('cp1'), own), input('127.0.0.1:6443', 'join-worker'));
    expect(short(facts.dials)).toEqual([
      'cp3 127.0.0.1:6443 6443 open',
      'cp3 cp1 6443 unknown',
      'cp1 127.0.0.1:6443 6443 unknown',
      'cp1 cp3 10250 unknown',
    ]);
  });

  it('throws when the target itself cannot be asked', async () => {
    await expect(checkReach(hostsOf(shell('cp1'), gone('cp3')), input('127.0.0.1:1'))).rejects.toMatchObject({
      type: 'Unreachable',
    });
  });
});

describe('the probe of large packets', () => {
  const withLink = (ping: string): ShellHost => {
    const own = shell('cp3');
    // a link that every Linux machine has, and that the script does not skip
    own.program('ip', 'echo "10.0.0.1 dev eth9 src 10.0.0.2 uid 0"');
    own.program('ping', `echo "$*" >>$FOLDER/pings; ${ping}`);
    return own;
  };
  const probe = async (own: ShellHost, endpoint = '127.0.0.1:1') => {
    const rewritten: Host = {
      name: own.name,
      run: (script, options) => own.run(script.replaceAll('/sys/class/net/', `${own.folder}/net/`), options),
    };
    await own.run('mkdir -p $FOLDER/net/eth9; echo 1450 >$FOLDER/net/eth9/mtu');
    return (await checkReach(hostsOf(rewritten), input(endpoint, 'init'))).mtu;
  };

  it('sends packets as large as the link allows', async () => {
    const own = withLink('exit 0');
    expect(await probe(own)).toEqual([{ from: 'cp3', to: '127.0.0.1:1', size: 1450, ok: true }]);
    expect((await own.run('cat $FOLDER/pings')).stdout).toContain('-M do -s 1422 127.0.0.1');
    const six = withLink('exit 0');
    expect(await probe(six, '[::1]:1')).toEqual([{ from: 'cp3', to: '[::1]:1', size: 1450, ok: true }]);
    expect((await six.run('cat $FOLDER/pings')).stdout).toContain('-M do -s 1402 ::1');
  });

  it('finds the way too narrow only where small packets are answered', async () => {
    expect(await probe(withLink('case "$*" in *"-M do"*) exit 1 ;; esac; exit 0'))).toMatchObject([{ ok: false }]);
    expect(await probe(withLink('exit 1'))).toEqual([]);
  });
});

describe('dialResult', () => {
  it.each([
    ['open', 'open'],
    ['bash: connect: Connection refused bash: /dev/tcp/10.0.0.1/6443: Connection refused', 'refused'],
    ['bash: connect: Connection timed out', 'silent'],
    ['bash: connect: No route to host', 'silent'],
    ['bash: connect: Network is unreachable', 'silent'],
    ['bash: connect: Operation not permitted', 'silent'],
    ['bash: lb.example: Name or service not known bash: /dev/tcp/lb.example/6443: Invalid argument', 'unresolved'],
    ['bash: lb.example: Temporary failure in name resolution', 'unresolved'],
    ['bash: /dev/tcp/10.0.0.1/6443: No such file or directory', 'unknown'],
    ['', 'unknown'],
  ])('%s', (said, result) => expect(dialResult(said)).toBe(result));
});
