import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { renderConfiguration, revisionOf } from '../../../adapters/load-balancer/configuration.js';
import { decide, type Wish } from '../../../adapters/load-balancer/decide.js';
import type { Reading } from '../../../adapters/load-balancer/reading.js';
import type { AdminState } from '../../../adapters/load-balancer/runtime.js';
import { stateAtStart } from '../../../adapters/load-balancer/server-state.js';

const server = (name: string, address: string) => ({ name, address, port: 6443, disabled: false });
const servers = [server('cp1', '10.0.0.11'), server('cp2', '10.0.0.12')];
const frame = { cluster: 'prod', port: 6443, backend: 'kube-apiserver', ipv6: false };
const configuration = { ...frame, servers };
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const running = (name: string, address: string, admin: AdminState = 'ready') => ({
  name,
  address,
  admin,
  status: 'UP',
  lastCheck: 'L7OK 200',
  sessions: 0,
});
const both = [running('cp1', '10.0.0.11'), running('cp2', '10.0.0.12')];

const reading = (runs: NonNullable<Reading['runtime']>['servers'], differences: Partial<Reading> = {}): Reading => ({
  installed: true,
  reachable: true,
  active: true,
  startsAtBoot: true,
  digest: sha256(renderConfiguration(configuration)),
  stateDigest: sha256(stateAtStart(configuration)),
  older: { held: [], hidden: [] },
  servers,
  foreignSections: [],
  runtime: { version: '2.6.12', revision: revisionOf(configuration), servers: runs },
  runtimeError: '',
  ...differences,
});

const place = { address: '10.0.0.12', port: 6443 };
const wish = { name: 'cp2', state: 'ready', at: place } as const;

describe('what runs is compared with what is written', () => {
  it('nothing is done when HAProxy runs what the file says', () => {
    expect(decide(reading(both), servers, wish, frame).write).toBeUndefined();
  });

  it('a server that was taken out by hand under the same revision makes it reload', () => {
    expect(decide(reading(both.slice(0, 1)), servers, wish, frame).write).toMatchObject({
      reload: { to: revisionOf(configuration) },
    });
  });

  it('so does one that was moved by hand', () => {
    const moved = [running('cp1', '10.0.0.99'), running('cp2', '10.0.0.12')];
    expect(decide(reading(moved), servers, wish, frame).write?.reload?.servers[0]).not.toHaveProperty('runsAt');
  });

  it('two spellings of an address are one', () => {
    const known = [{ name: 'cp1', address: '2001:DB8:0::1', port: 6443, disabled: false }];
    const runs = [running('cp1', '2001:db8::1')];
    const at = { address: '2001:db8:0:0::1', port: 6443 };
    const { write } = decide(reading(runs), known, { name: 'cp1', state: 'ready', at }, frame);
    expect(write?.reload?.servers).toMatchObject([{ name: 'cp1', runsAt: '2001:db8::1' }]);
  });

  it('a state file that says something else is written, without a reload', () => {
    const { write, file } = decide(reading(both, { stateDigest: '' }), servers, wish, frame);
    expect(write).toMatchObject({ putState: true, before: [], after: [] });
    expect([file, write?.reload]).toEqual([undefined, undefined]);
  });
});

describe('what a reload hands over', () => {
  const added = { name: 'cp3', state: 'maint', at: { address: '10.0.0.13', port: 6443 } } as const;
  const handedOver = (runs: Parameters<typeof reading>[0], change: Wish = added) =>
    decide(reading(runs), servers, change, frame).write?.reload?.servers.map(
      ({ name, admin, runsAt = 'is new' }) => `${name} ${admin} ${runsAt}`,
    );

  it('is what runs, of all but the server that the change is about', () => {
    expect(handedOver([running('cp1', '10.0.0.11', 'drain'), running('cp2', '10.0.0.12', 'maint')])).toEqual([
      'cp1 drain 10.0.0.11',
      'cp2 maint 10.0.0.12',
      'cp3 maint is new',
    ]);
  });

  it('is nothing of a server at its old address', () => {
    const moved = { name: 'cp2', state: 'ready', at: { address: '10.0.0.22', port: 6443 } } as const;
    expect(handedOver(both, moved)).toEqual(['cp1 ready 10.0.0.11', 'cp2 ready is new']);
  });

  it.each([
    ['ready', 'drain', 'drain'],
    ['maint', 'drain', 'maint'],
    ['drain', 'maint', 'maint'],
    ['drain', 'ready', 'ready'],
  ] as const)('one that runs as %s and shall %s is %s', (now, state, then) => {
    const runs = [running('cp2', '10.0.0.12', now)]; // cp1 was taken out by hand
    expect(handedOver(runs, { name: 'cp2', state })?.at(-1)).toMatch(new RegExp(`^cp2 ${then}\\b`));
  });
});

describe('a server that is taken out', () => {
  const out = { name: 'cp2', state: 'maint' } as const;
  const inMaintenance = [running('cp1', '10.0.0.11'), running('cp2', '10.0.0.12', 'maint')];
  const disabled = { ...configuration, servers: servers.map((one) => ({ ...one, disabled: one.name === 'cp2' })) };
  const done = {
    digest: sha256(renderConfiguration(disabled)),
    stateDigest: sha256(stateAtStart(disabled)),
    servers: disabled.servers,
  };

  it('loses its connections before a reload that is due for another reason', () => {
    const { write } = decide(reading(both, { digest: 'old', runtime: undefined }), servers, out, frame);
    expect(write?.before).toEqual([]);
    const old = reading(both, { digest: 'old' });
    const due = decide({ ...old, runtime: { version: '2.6.12', revision: 'old', servers: both } }, servers, out, frame);
    expect(due.write).toMatchObject({ before: ['set server kube-apiserver/cp2 state maint'], endOlder: 'cp2' });
  });

  it('is left alone when it is out, also while older processes are hidden', () => {
    const older = { held: [], hidden: [812] };
    expect(decide(reading(inMaintenance, { ...done, older }), disabled.servers, out, frame).write).toBeUndefined();
  });

  it('is not done with while an older process holds connections to it', () => {
    const older = { held: [{ pid: 812, server: 'cp2', connections: 3 }], hidden: [] };
    const { write } = decide(reading(inMaintenance, { ...done, older }), disabled.servers, out, frame);
    expect(write).toMatchObject({ endOlder: 'cp2', after: [] });
    const other = { held: [{ pid: 812, server: 'cp1', connections: 3 }], hidden: [] };
    const left = decide(reading(inMaintenance, { ...done, older: other }), disabled.servers, out, frame);
    expect(left.write).toBeUndefined();
  });

  it.each([
    ['DRAIN', ['state ready']],
    ['DRAIN 1/2', ['health down', 'state ready']],
    ['DOWN', ['health down', 'state ready']],
  ])('that was drained, and is %s, comes back with %j', (status, orders) => {
    const runs = [running('cp1', '10.0.0.11'), { ...running('cp2', '10.0.0.12', 'drain'), status }];
    const back = { name: 'cp2', state: 'ready' } as const;
    expect(decide(reading(runs, done), disabled.servers, back, frame).write?.after).toEqual(
      orders.map((order) => `set server kube-apiserver/cp2 ${order}`),
    );
  });

  it('comes back as one that gets nothing new until a check has passed', () => {
    const back = { name: 'cp2', state: 'ready' } as const;
    expect(decide(reading(inMaintenance, done), disabled.servers, back, frame).write?.after).toEqual(
      ['state drain', 'health down', 'state ready'].map((order) => `set server kube-apiserver/cp2 ${order}`),
    );
  });
});
