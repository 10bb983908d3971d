import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { renderConfiguration, revisionOf } from '../../../src/adapters/load-balancer/configuration.js';
import { decide } from '../../../src/adapters/load-balancer/decide.js';
import type { Reading } from '../../../src/adapters/load-balancer/reading.js';

const server = (name: string, address: string) => ({ name, address, port: 6443, disabled: false });
const servers = [server('cp1', '10.0.0.11'), server('cp2', '10.0.0.12')];
const frame = { port: 6443, backend: 'kube-apiserver', ipv6: false };
const configuration = { ...frame, servers };
const running = (name: string, address: string) => ({
  name,
  address,
  admin: 'ready' as const,
  status: 'UP',
  lastCheck: 'L7OK 200',
  sessions: 0,
});

const reading = (names: readonly string[]): Reading => ({
  installed: true,
  reachable: true,
  active: true,
  startsAtBoot: true,
  digest: createHash('sha256').update(renderConfiguration(configuration)).digest('hex'),
  servers,
  foreignSections: [],
  runtime: {
    version: '2.6.12',
    revision: revisionOf(configuration),
    servers: servers.filter(({ name }) => names.includes(name)).map(({ name, address }) => running(name, address)),
  },
  runtimeError: '',
});

const wish = { name: 'cp2', state: 'ready', at: { address: '10.0.0.12', port: 6443 } } as const;

describe('what runs is compared with what is written', () => {
  it('nothing is done when HAProxy runs what the file says', () => {
    expect(decide(reading(['cp1', 'cp2']), servers, wish, frame).write).toBeUndefined();
  });

  it('a server that was taken out by hand under the same revision makes it reload', () => {
    expect(decide(reading(['cp1']), servers, wish, frame).write).toMatchObject({
      reloadTo: revisionOf(configuration),
    });
  });
});
