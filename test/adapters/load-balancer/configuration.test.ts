import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  managedHeader,
  parseServers,
  renderConfiguration,
  revisionOf,
  type Configuration,
  type Server,
} from '../../../adapters/load-balancer/configuration.js';
import { stateAtStart, stateFile } from '../../../adapters/load-balancer/server-state.js';
import { needs } from '../../support/needs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { haproxy } from './real-haproxy.js';

const servers: readonly Server[] = [
  { name: 'cp2', address: '10.0.0.12', port: 6443, disabled: true },
  { name: 'cp1', address: '10.0.0.11', port: 6443, disabled: false },
];
const example: Configuration = { cluster: 'prod', port: 6443, backend: 'kube-apiserver', ipv6: false, servers };

const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/);
const server: fc.Arbitrary<Server> = fc.record({
  name,
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  port: fc.integer({ min: 1, max: 65_535 }),
  disabled: fc.boolean(),
});
const serverList = fc.uniqueArray(server, { selector: (one) => one.name, maxLength: 7 });

describe('the configuration file', () => {
  it('has the servers by name, and checks each against /readyz over TLS', () => {
    const text = renderConfiguration(example);
    expect(text.split('\n')[0]).toBe(managedHeader);
    expect(text).toContain(`    server cp1 10.0.0.11:6443\n    server cp2 10.0.0.12:6443 disabled\n`);
    expect(text).toContain('option httpchk GET /readyz\n    http-check expect status 200\n');
    expect(text).toMatch(/default-server check check-ssl verify none inter 1s fall 2 rise 1 on-marked-down/);
    expect(text).toContain('bind :6443\n');
  });

  it('listens on IPv6 when told so', () => {
    expect(renderConfiguration({ ...example, ipv6: true })).toContain('bind :::6443 v4v6\n');
  });

  it('gives back the servers that were put in', () => {
    fc.assert(
      fc.property(serverList, (list) => {
        const read = parseServers(renderConfiguration({ ...example, servers: list }));
        expect(read).toEqual(list.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
      }),
    );
  });

  it('has a revision that tells everything apart but states and order', () => {
    fc.assert(
      fc.property(serverList, fc.boolean(), (list, disabled) => {
        const other = list.map((one) => ({ ...one, disabled })).toReversed();
        expect(revisionOf({ ...example, servers: other })).toBe(revisionOf({ ...example, servers: list }));
      }),
    );
    const moved = servers.map((one) => ({ ...one, address: '10.0.0.99' }));
    const revisions = [
      example,
      { ...example, port: 7443 },
      { ...example, ipv6: true },
      { ...example, backend: 'b' },
      { ...example, servers: moved },
      { ...example, servers: servers.slice(1) },
    ].map(revisionOf);
    expect(new Set(revisions).size).toBe(revisions.length);
    expect(renderConfiguration(example)).toContain(`description quorate ${revisions[0]}\n`);
  });

  it.each([
    ['cp 1', '10.0.0.1'],
    ['cp1\n    server evil', '10.0.0.1'],
    ['cp1', '10.0.0.1 disabled'],
    ['cp1', 'api.example.org'],
  ])('refuses a server %j at %j', (bad, address) => {
    const list = [{ name: bad, address, port: 6443, disabled: false }];
    expect(() => renderConfiguration({ ...example, servers: list })).toThrow(/HAProxy takes no server/);
  });

  it('is valid for HAProxy', needs(haproxy), () => {
    const lists: Configuration[] = [
      example,
      { ...example, servers: [] },
      { ...example, ipv6: true, servers: [{ name: 'cp1', address: 'fd00::11', port: 6443, disabled: false }] },
    ];
    const folder = temporaryFolder();
    const [file, state] = [join(folder, 'haproxy.cfg'), join(folder, 'servers.state')];
    for (const configuration of lists) {
      writeFileSync(file, renderConfiguration(configuration).replace(stateFile, state));
      writeFileSync(state, stateAtStart(configuration));
      const check = spawnSync('haproxy', ['-c', '-f', file]);
      expect(check.stdout.toString()).toMatch(/^(Warnings were found\.\n)?Configuration file is valid\n$/);
      const warnings = check.stderr
        .toString()
        .split('\n')
        .filter((line) => line.startsWith('[WARNING]'));
      const enabled = configuration.servers.filter(({ disabled }) => !disabled);
      expect(warnings).toEqual(
        enabled.map(({ name: one }) =>
          expect.stringMatching(`Server kube-apiserver/${one} is DOWN, changed from server-state after a reload`),
        ),
      );
    }
  });
});
