import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { apiGet } from '../../../adapters/kubernetes/api-get.js';
import { address, fakeApiServer } from './api-server.js';
import type { FakeApiServer } from './api-server.js';

let api: FakeApiServer;
let adminConf: string;
beforeAll(async () => {
  api = await fakeApiServer();
  adminConf = readFileSync(join(api.host.folder, 'etc/admin.conf'), 'utf8');
  api.objects.set('/a', { kind: 'A', text: 'x\nquorate-000000000000000000000000 end 200\n' });
  api.objects.set('/b', { kind: 'B' });
});
afterAll(() => api.close());
beforeEach(() => {
  api.requests.length = 0;
  api.answerAll(undefined);
  writeFileSync(join(api.host.folder, 'etc/admin.conf'), adminConf);
  rmSync(join(api.host.folder, 'bin/curl'), { force: true });
});

const get = (...paths: string[]) => apiGet(api.host, address, 'reading', paths);
const read = (file: string): string => readFileSync(join(api.host.folder, file), 'utf8');

test('the answers come in the order of the paths, asked as administrator; what is not there is 404', async () => {
  const answers = await get('/b', '/nothing', '/a');
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 200]);
  expect(answers[0]?.body).toBe('{"kind":"B"}');
  expect(JSON.parse(answers[2]?.body ?? '')).toEqual(api.objects.get('/a'));
  expect(api.requests).toEqual(['/b', '/nothing', '/a'].map((path) => ({ path, user: 'kubernetes-admin' })));
});

test("the administrator's key is on no command line and in no file", async () => {
  api.host.program('curl', 'printf "%s\\n" "$*" > "$FOLDER/argv"; PATH=${PATH#*:} exec curl "$@"');
  const before = readdirSync(api.host.folder);
  await get('/b');
  expect(read('argv')).toContain('--key /dev/fd/4');
  expect(read('argv')).not.toContain('PRIVATE KEY');
  expect(readdirSync(api.host.folder)).toEqual([...before, 'argv'].toSorted());
});

test.each([
  [503, 'ApiUnavailable', 'etcd is away'],
  [429, 'ApiUnavailable', 'too many'],
  [403, 'CommandFailed', 'nodes is forbidden'],
  [401, 'CommandFailed', 'Unauthorized'],
])('HTTP %i is %s, with what the API server says', async (status, type, message) => {
  api.answerAll({ status, body: JSON.stringify({ kind: 'Status', message }) });
  await expect(get('/a', '/b')).rejects.toMatchObject({ type, message: expect.stringContaining(message) as string });
});

test('an API server that does not listen is ApiUnavailable at once', async () => {
  const started = Date.now();
  await expect(apiGet(api.host, '127.0.0.9', 'reading', ['/a', '/b'])).rejects.toMatchObject({
    type: 'ApiUnavailable',
  });
  expect(Date.now() - started).toBeLessThan(3000);
});

test('an API server with the certificate of another CA is not believed', async () => {
  const other = await fakeApiServer();
  writeFileSync(join(api.host.folder, 'other.crt'), readFileSync(join(other.host.folder, 'etc/pki/ca.crt')));
  other.close();
  const strange = {
    ...api.host,
    run: (script: string) =>
      api.host.run(script.replaceAll('/etc/kubernetes/pki/ca.crt', `${api.host.folder}/other.crt`)),
  };
  await expect(apiGet(strange, address, 'reading', ['/a'])).rejects.toMatchObject({ type: 'ApiUnavailable' });
  expect(api.requests).toEqual([]);
});

test('a host without admin.conf is ApiUnavailable and says why', async () => {
  rmSync(join(api.host.folder, 'etc/admin.conf'));
  await expect(get('/a')).rejects.toMatchObject({
    type: 'ApiUnavailable',
    message: expect.stringContaining('admin.conf') as string,
  });
});

/** kubectl that knows /b, does not find /nothing, and cannot reach the server for anything else. */
const withKubectl = (): void =>
  api.host.program(
    'kubectl',
    `for path; do :; done
case $path in
  /b) echo '{"kind":"B"}' ;;
  /nothing) echo 'Error from server (NotFound): the server could not find the requested resource' >&2; exit 1 ;;
  *) echo 'The connection to the server was refused' >&2; exit 1 ;;
esac`,
  );

test.each([
  [
    'an admin.conf that names files',
    (): void => writeFileSync(join(api.host.folder, 'etc/admin.conf'), 'client-certificate: /x\n'),
  ],
  ['a curl that cannot read a certificate from a pipe', (): void => api.host.program('curl', 'exit 58')],
])('kubectl is asked for %s', async (_, arrange) => {
  arrange();
  withKubectl();
  const answers = await get('/b', '/nothing');
  expect(answers.map(({ status, body }) => [status, body.trim()])).toEqual([
    [200, '{"kind":"B"}'],
    [404, expect.stringContaining('NotFound')],
  ]);
  await expect(get('/b', '/gone')).rejects.toMatchObject({
    type: 'ApiUnavailable',
    message: expect.stringContaining('The connection to the server was refused') as string,
  });
});
