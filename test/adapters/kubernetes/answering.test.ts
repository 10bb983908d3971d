import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer as createPlain } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createTcp } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { askServers } from '../../../adapters/kubernetes/answering.js';
import { authority } from '../../support/certificates.js';
import type { Authority } from '../../support/certificates.js';
import { fakeHost } from '../../support/fake-host.js';
import { shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

// A real curl asks real servers on the loopback.
const open: Server[] = [];
const sockets = new Set<Socket>();
const listen = (server: Server, host = '127.0.0.1'): Promise<number> => {
  open.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  return new Promise((resolve) => server.listen(0, host, () => resolve((server.address() as AddressInfo).port)));
};
let ports: Record<'own' | 'foreign' | 'plain' | 'silent' | 'hangsUp' | 'closed', number>;
let folder: string;
let caFile: string;
/** What the next answers are. */
let status = 200;
const paths: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-answering-'));
  const [own, foreign] = ['own', 'foreign'].map((name) => authority(name, mkdtempSync(join(folder, name)))) as [
    Authority,
    Authority,
  ];
  caFile = own.file;
  const api = (of: Authority) =>
    createServer(of.issue('server', 'IP:127.0.0.1,IP:::1'), (request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(status).end('{}');
    });
  const closed = createTcp();
  ports = {
    own: await listen(api(own)),
    foreign: await listen(api(foreign)),
    plain: await listen(createPlain((_, response) => response.end('HTTP'))),
    silent: await listen(createTcp()),
    hangsUp: await listen(createTcp((socket) => socket.destroy())),
    closed: await listen(closed),
  };
  await new Promise((resolve) => closed.close(resolve));
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(open.map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(folder, { recursive: true, force: true });
});

let host: ShellHost;
beforeEach(() => {
  status = 200;
  paths.length = 0;
  host = shellHost({
    name: 'cp1',
    rewrite: (script, folder) =>
      script
        .replaceAll('/etc/kubernetes', `${folder}/etc`)
        .replace('command -v curl', `[ ! -e ${folder}/without-curl ] && command -v curl`),
  });
});
afterEach(() => host.close());
const at = (name: keyof typeof ports): string => `127.0.0.1:${ports[name]}`;
const ask = async (...names: (keyof typeof ports)[]) =>
  (await askServers(host, names.map(at))).map(({ server: _server, ...answer }) => answer);
const withCa = (): void => {
  const file = join(host.folder, 'etc/pki/ca.crt');
  mkdirSync(dirname(file), { recursive: true });
  copyFileSync(caFile, file);
};
const no = { answers: 'no', ownCa: false };
const yes = { answers: 'yes', ownCa: false };

describe('R2: an API server answers', () => {
  test.each([200, 302, 401, 403, 404, 429])('with the status %i', async (code) => {
    status = code;
    expect(await ask('own')).toEqual([yes]);
    expect(paths).toEqual(['/version']);
  });

  test.each([500, 502, 503, 504])('not with the status %i: nobody stands behind a proxy that says so', async (code) => {
    status = code;
    expect(await ask('own')).toEqual([no]);
  });

  test('not where nothing listens, nor where somebody hangs up or speaks no TLS', async () => {
    expect(await ask('closed', 'hangsUp', 'plain')).toEqual([no, no, no]);
  });

  test('perhaps where the connection is taken and nothing is said: one that is overloaded is not absent', async () => {
    const started = Date.now();
    expect(await ask('silent', 'silent', 'own')).toEqual([
      {
        answers: 'unknown',
        because: 'takes the connection of cp1 and does not answer',
        ownCa: false,
      },
      expect.objectContaining({ answers: 'unknown' }),
      yes,
    ]);
    // Side by side.
    expect(Date.now() - started).toBeLessThan(11_000);
  });

  test.each([
    ['no connection in time: an address that nobody has yet', '000 0', no],
    ['headers in time, and the rest not', '200 1', yes],
  ])('or not with %s', async (_, said, expected) => {
    host.program('curl', `printf '${said}'; exit 28`);
    expect(await ask('silent')).toEqual([expected]);
  });

  test('with a certificate of the CA that lies on the host, or of another', async () => {
    expect(await ask('own', 'foreign')).toEqual([yes, yes]);
    withCa();
    expect(await ask('own', 'foreign')).toEqual([{ answers: 'yes', ownCa: true }, yes]);
    status = 403;
    expect(await ask('own', 'foreign')).toEqual([{ answers: 'yes', ownCa: true }, yes]);
  });

  test('also through an address of IPv6', async () => {
    const six = createServer(authority('six').issue('server', 'IP:::1'), (_, response) => response.end('{}'));
    const port = await listen(six, '::1');
    expect(await askServers(host, [`[::1]:${port}`])).toEqual([{ server: `[::1]:${port}`, ...yes }]);
  });

  test('whatever proxy the host is told to use', async () => {
    host.program(
      'curl',
      'https_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 exec /usr/bin/env -i PATH=/usr/bin:/bin https_proxy=http://127.0.0.1:1 curl "$@"',
    );
    expect(await ask('own')).toEqual([yes]);
  });
});

describe('R2: whether one answers is not known', () => {
  test('on a host without curl', async () => {
    await host.run(': > "$FOLDER/without-curl"');
    expect(await ask('own', 'closed')).toEqual(
      ['own', 'closed'].map(() => ({ answers: 'unknown', because: 'no curl on cp1 to ask with', ownCa: false })),
    );
    expect(paths).toEqual([]);
  });

  test.each(['', 'answer 0 no no\n', 'answer 0 no no\nen'])('when the host breaks off after %j', async (stdout) => {
    const broken = fakeHost('cp1', [[/echo unasked/, stdout]]);
    expect(await askServers(broken, ['10.0.0.1:6443', '10.0.0.2:6443'])).toEqual(
      [1, 2].map((number) => ({
        server: `10.0.0.${number}:6443`,
        answers: 'unknown',
        because: 'cp1 did not say',
        ownCa: false,
      })),
    );
  });

  test('of the one that the host forgot', async () => {
    const forgetful = fakeHost('cp1', [[/echo unasked/, 'answer 1 no no\nend\n']]);
    expect((await askServers(forgetful, ['10.0.0.1:6443', '10.0.0.2:6443'])).map(({ answers }) => answers)).toEqual([
      'unknown',
      'no',
    ]);
  });

  test('when the connection is lost: that is an error', async () => {
    const lost = fakeHost('cp1', [[/echo unasked/, { end: { kind: 'lost', cause: 'read ECONNRESET' } }]]);
    await expect(askServers(lost, ['10.0.0.1:6443'])).rejects.toMatchObject({ type: 'Unreachable' });
  });
});
