import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimName } from '../../../adapters/kubernetes/claim-name.js';
import { address, fakeApiServer } from './api-server.js';
import type { FakeApiServer } from './api-server.js';

let api: FakeApiServer;
beforeEach(async () => {
  api = await fakeApiServer();
});
afterEach(() => api.close());

const path = '/api/v1/namespaces/kube-system/configmaps/quorate';
const says = (cluster: string): void => void api.objects.set(path, { data: { cluster } });
/** @param answer shell lines of a kubectl that has been given a ConfigMap */
const kubectl = (answer: string): void =>
  api.host.program('kubectl', `echo "$*" > "$FOLDER/argv"; cat > "$FOLDER/given"; ${answer}`);
const exists = `echo 'Error from server (AlreadyExists): error when creating "STDIN": configmaps "quorate" already exists' >&2; exit 1`;

test('the name is written where there is none', async () => {
  kubectl('echo created');
  says('prod');
  expect(await claimName(api.host, address, 'prod')).toBe('prod');
  expect(JSON.parse(readFileSync(join(api.host.folder, 'given'), 'utf8'))).toMatchObject({
    kind: 'ConfigMap',
    metadata: { namespace: 'kube-system', name: 'quorate', labels: { 'app.kubernetes.io/managed-by': 'quorate' } },
    data: { cluster: 'prod' },
  });
});

test('the one that is there is told', async () => {
  kubectl(exists);
  says('demo');
  expect(await claimName(api.host, address, 'prod')).toBe('demo');
});

test('one that is there without a name says how to go on', async () => {
  kubectl(exists);
  api.objects.set(path, { data: {} });
  await expect(claimName(api.host, address, 'prod')).rejects.toMatchObject({
    type: 'CommandFailed',
    details: { remedy: expect.stringContaining('kubectl -n kube-system delete configmap quorate') as string },
  });
});

test('an API server that refuses or does not answer is an error', async () => {
  says('prod');
  kubectl(`echo 'Error from server (Forbidden): configmaps is forbidden' >&2; exit 1`);
  await expect(claimName(api.host, address, 'prod')).rejects.toMatchObject({ type: 'CommandFailed' });
  kubectl(`echo 'The connection to the server 10.0.0.11:6443 was refused: connection refused' >&2; exit 1`);
  await expect(claimName(api.host, address, 'prod')).rejects.toMatchObject({ type: 'ApiUnavailable' });
});
