import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readyz, readyzThroughEndpoint } from '../../../adapters/kubernetes/readyz.js';
import { address, fakeApiServer } from './api-server.js';
import type { FakeApiServer } from './api-server.js';

const failing = `[+]ping ok
[-]etcd failed: reason withheld
[-]shutdown failed: reason withheld
readyz check failed`;

let api: FakeApiServer;
beforeEach(async () => {
  api = await fakeApiServer();
  api.objects.set('/readyz', 'ok');
});
afterEach(() => api.close());

test('an API server that is ready', async () => {
  expect(await readyz(api.host, address)).toEqual({
    initialised: true,
    ready: true,
    answers: true,
    caHash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string,
  });
  expect(await readyzThroughEndpoint(api.host, `${address}:6443`)).toMatchObject({ ok: true });
});

test('one that is not says which checks fail', async () => {
  api.answerAll({ status: 500, body: failing });
  const answer = await readyz(api.host, address);
  expect(answer).toMatchObject({ initialised: true, ready: false });
  expect(answer.because).toMatch(/etcd failed.*shutdown failed/);
});

test('a host that answers without an admin.conf is not ready: it is somebody else’s, or half reset', async () => {
  rmSync(join(api.host.folder, 'etc/admin.conf'));
  expect(await readyz(api.host, address)).toMatchObject({
    initialised: false,
    ready: false,
    answers: true,
    because: 'something answers on its port 6443 (200), but it has no admin.conf',
  });
  api.answerAll({ status: 403, body: '{}' });
  expect(await readyz(api.host, address)).toMatchObject({ answers: true, because: expect.stringContaining('(403)') });
});

test.each([401, 403])('where anonymous requests get %i, kubectl is asked', async (status) => {
  api.answerAll({ status, body: '{}' });
  expect(await readyz(api.host, address)).toMatchObject({ ready: false, because: `/readyz answers ${status}` });
  api.host.program('kubectl', 'echo ok');
  expect(await readyz(api.host, address)).toMatchObject({ ready: true });
  expect(await readyzThroughEndpoint(api.host, `${address}:6443`)).toMatchObject({ ok: true });
});

test('through the endpoint: no answer, and a load balancer without a server', async () => {
  expect(await readyzThroughEndpoint(api.host, '127.0.0.9:6443')).toEqual({
    ok: false,
    because: 'nothing answers at 127.0.0.9:6443',
  });
  api.answerAll({ status: 503, body: '' });
  expect(await readyzThroughEndpoint(api.host, `${address}:6443`)).toEqual({
    ok: false,
    because: '/readyz answers 503',
  });
});
