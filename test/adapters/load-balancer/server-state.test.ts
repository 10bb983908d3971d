import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { stateAtStart, stateFunctions, type HandedOver } from '../../../adapters/load-balancer/server-state.js';
import { shellHost, type ShellHost } from '../../support/shell-host.js';

const servers = [
  { name: 'cp2', address: '10.0.0.12', port: 6443, disabled: true },
  { name: 'cp1', address: '10.0.0.11', port: 6443, disabled: false },
];
const atStart = stateAtStart({ backend: 'kube-apiserver', servers });

const hosts: ShellHost[] = [];
afterEach(() => hosts.splice(0).forEach((host) => host.close()));

/** Runs the functions with a HAProxy that says this of its servers. */
const withFunctions = async (script: string, handedOver: readonly HandedOver[], said: readonly string[] = []) => {
  const host = shellHost({
    rewrite: (text, folder) => text.replaceAll('/run/quorate-haproxy.state', `${folder}/handed-over`),
  });
  hosts.push(host);
  const rows = ['1', '# be_id be_name ...', ...said].map((row) => `echo '${row}'`).join('\n');
  const { end, stderr } = await host.run(`set -eu
state=$FOLDER/servers.state
handed=
ask() {
[ "$1" = 'show servers state' ] || exit 9
${rows}
}
${stateFunctions('kube-apiserver', atStart, handedOver)}
${script}`);
  expect({ end, stderr }).toEqual({ end: { kind: 'exited', code: 0 }, stderr: '' });
  const state = join(host.folder, 'servers.state');
  return { state, handedOver: join(host.folder, 'handed-over'), text: readFileSync(state, 'utf8') };
};

/** A row of `show servers state`. */
const row = (
  name: string,
  { address = '10.0.0.11', up = 2, admin = 0, check = '15 3', health = 2, port = 6443 } = {},
) => `3 kube-apiserver 1 ${name} ${address} ${up} ${admin} 1 1 77 ${check} ${health} 6 0 0 0 - ${port} - 0 0 - - 0`;

const cp1: HandedOver = { name: 'cp1', address: '10.0.0.11', port: 6443, admin: 'ready', runsAt: '10.0.0.11' };

const lineOf = async (handedOver: HandedOver, said: readonly string[]): Promise<string> => {
  const { text } = await withFunctions('hand_over', [handedOver], said);
  expect(text.split('\n')).toHaveLength(3);
  expect(text).toMatch(/^1\n1 kube-apiserver 1 /);
  return text.split('\n')[1]?.replace('1 kube-apiserver 1 ', '') ?? '';
};

const unchecked = (place: string, admin = 0): string =>
  `${place.split(':').join(` 0 ${admin} 1 1 0 1 0 0 6 0 0 0 - `)} -`;

describe('the state file for starts', () => {
  it('has no server UP, by name, and says which are disabled in the configuration', () => {
    expect(atStart.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
      '1',
      '1 kube-apiserver 1 cp1 10.0.0.11 0 0 1 1 0 1 0 0 6 0 0 0 - 6443 -',
      '1 kube-apiserver 1 cp2 10.0.0.12 0 5 1 1 0 1 0 0 6 0 0 0 - 6443 -',
      '',
    ]);
  });

  it('is put in its place', async () => {
    expect((await withFunctions('at_start', [])).text).toBe(atStart);
  });

  it('is put back after a reload', async () => {
    const after = await withFunctions('hand_over; [ -L "$state" ]; taken_over', [cp1], [row('cp1')]);
    expect([after.text, lstatSync(after.state).isFile(), existsSync(after.handedOver)]).toEqual([atStart, true, false]);
  });
});

describe('R20: what a reload hands over', () => {
  it('is that a server is UP, of one whose last check has passed', async () => {
    expect(await lineOf(cp1, [row('cp1')])).toBe('cp1 10.0.0.11 2 0 1 1 77 15 3 2 6 0 0 0 - 6443 -');
    expect(await lineOf(cp1, [row('cp1', { check: '15 0' })])).toMatch(/^cp1 10.0.0.11 2 /); // the next is under way
  });

  it.each([
    ['is DOWN', row('cp1', { up: 0, check: '17 2', health: 0 }), '17 2'],
    ['was never checked', row('cp1', { check: '1 0', health: 1 }), '1 0'],
    ['failed its last check', row('cp1', { check: '17 2', health: 1 }), '17 2'],
    ['left maintenance and was not checked since', row('cp1', { check: '15 3', health: 1 }), '15 3'],
  ])('is that it is not, of one that %s', async (_, said, check) => {
    expect(await lineOf(cp1, [said])).toBe(`cp1 10.0.0.11 0 0 1 1 77 ${check} 0 6 0 0 0 - 6443 -`);
  });

  it.each([
    ['is new', { ...cp1, name: 'cp9' }, 'cp9 10.0.0.11:6443'],
    ['was moved', { ...cp1, address: '10.0.0.99', runsAt: '10.0.0.99' }, 'cp1 10.0.0.99:6443'],
    ['has another port', { ...cp1, port: 7443 }, 'cp1 10.0.0.11:7443'],
  ])('is nothing of one that %s', async (_, server, place) => {
    expect(await lineOf(server, [row('cp1')])).toBe(unchecked(place));
  });

  it('is nothing when HAProxy says nothing', async () => {
    expect(await lineOf(cp1, [])).toBe(unchecked('cp1 10.0.0.11:6443'));
  });

  it.each([
    ['ready', 0],
    ['drain', 12],
    ['maint', 5],
  ] as const)('is what was ordered for it: %s', async (admin, flags) => {
    expect(await lineOf({ ...cp1, admin }, [row('cp1', { admin: 8 })])).toMatch(
      new RegExp(`^cp1 10.0.0.11 2 ${flags} `),
    );
  });
});
