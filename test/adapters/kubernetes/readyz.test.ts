import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readyz, readyzThroughEndpoint } from '../../../src/adapters/kubernetes/readyz.js';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

const notReady = `[+]ping ok
[-]etcd failed: reason withheld
[+]poststarthook/start-apiextensions-informers ok
[-]shutdown failed: reason withheld
readyz check failed`;

let host: ShellHost;
let server: Server;
let answer: { status: number; body: string };
beforeEach(async () => {
  server = createServer((_, response) => response.writeHead(answer.status).end(answer.body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  host = shellHost({
    rewrite: (script) => script.replaceAll(/https:\/\/[0-9.]+:6443/g, `http://127.0.0.1:${port}`),
  });
});
afterEach(() => {
  server.close();
  host.close();
});

test('an API server that is ready', async () => {
  answer = { status: 200, body: 'ok' };
  expect(await readyz(host, '10.0.0.11')).toEqual({ ready: true });
  expect(await readyzThroughEndpoint(host, '10.0.0.10:6443')).toEqual({ ready: true });
});

test('one that is not says which checks fail', async () => {
  answer = { status: 500, body: notReady };
  expect(await readyz(host, '10.0.0.11')).toEqual({ ready: false, because: 'not ok: etcd, shutdown' });
});

test('a load balancer without a server says so by its status', async () => {
  answer = { status: 503, body: '' };
  expect(await readyzThroughEndpoint(host, '10.0.0.10:6443')).toEqual({ ready: false, because: 'HTTP 503' });
});

test('a refused connection is not ready, with what curl says', async () => {
  server.close();
  expect((await readyz(host, '10.0.0.11')).because).toMatch(/connect/i);
});

test.each([401, 403])('where anonymous requests get %i, kubectl is asked', async (status) => {
  answer = { status, body: '{"kind":"Status"}' };
  host.program('kubectl', 'echo ok');
  expect(await readyz(host, '10.0.0.11')).toEqual({ ready: true });
  host.program('kubectl', 'echo "error: x509: certificate has expired" >&2; exit 1');
  expect(await readyz(host, '10.0.0.11')).toEqual({ ready: false, because: 'error: x509: certificate has expired' });
  expect(await readyzThroughEndpoint(host, '10.0.0.10:6443')).toEqual({ ready: true });
});
