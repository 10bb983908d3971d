import { readFileSync, readlinkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { expect, onTestFinished, test, vi } from 'vitest';
import { findTemporalExecutable } from '../../../workers/temporal-server/executable.js';
import { freePort } from '../../../workers/temporal-server/ports.js';
import { startTemporalServer } from '../../../workers/temporal-server/server.js';
import { needs, part } from '../../support/needs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

vi.setConfig({ testTimeout: 60_000 });

const procfs = part('/proc', process.platform === 'linux', 'run the tests on Linux');

const startServer = async (uiPort: number) => {
  const server = await startTemporalServer({
    executable: (await findTemporalExecutable()).path,
    port: await freePort(),
    uiPort,
    logFile: join(temporaryFolder(), 'temporal.log'),
  });
  onTestFinished(() => server.stop());
  return server;
};

/** The TCP ports that a process listens on (proc(5)). */
const portsOf = (pid: number): number[] => {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const listening = '0A';
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === listening && sockets.has(inode ?? ''))
    .map(([, local]) => Number.parseInt(local?.split(':')[1] ?? '', 16));
};

/** What a page of any origin can send without asking first: a POST of plain text. */
const ask = async (port: number, path: string, headers: Record<string, string> = {}, body?: string) => {
  try {
    const answer = await request(`http://127.0.0.1:${port}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { origin: 'http://evil.example', ...headers },
      ...(body === undefined ? {} : { body }),
      headersTimeout: 3_000,
      bodyTimeout: 3_000,
    });
    return { port, status: answer.statusCode, body: await answer.body.text() };
  } catch {
    // It speaks gRPC, not HTTP/1.1.
    return undefined;
  }
};

test(
  "S9: no port of the server starts a workflow, or tells anything, for a page of another origin; the UI's wants its token",
  needs(procfs),
  async () => {
    const server = await startServer(await freePort());
    const ports = portsOf(server.pid);
    expect(ports.length).toBeGreaterThan(2);
    const start = JSON.stringify({ workflowType: { name: 'x' }, taskQueue: { name: 'nobody' } });
    const path = '/api/v1/namespaces/default/workflows/of-a-page';
    const text = { 'content-type': 'text/plain' };
    const posts = await Promise.all(ports.map((port) => ask(port, path, text, start)));
    const statuses = posts.filter((answer) => answer !== undefined).map(({ status }) => status);
    expect(statuses).not.toContain(200);
    expect(statuses).toContain(403);

    const refusing = posts.find((answer) => answer?.status === 403)?.port ?? 0;
    const hosts = [`127.0.0.1:${refusing}`, 'localhost', 'evil.example', '', 'nobody may ask'];
    const answers = await Promise.all(hosts.map((host) => ask(refusing, '/api/v1/system-info', { host })));
    expect(answers.map((answer) => answer?.status)).toEqual([403, 403, 403, 403, 400]);
  },
);

test('S9: the UI asks nobody outside for news', async () => {
  const uiPort = await freePort();
  await startServer(uiPort);
  const { body } = await request(`http://127.0.0.1:${uiPort}/api/v1/settings`);
  expect(await body.json()).toMatchObject({ DisableNewsFetch: true });
});
