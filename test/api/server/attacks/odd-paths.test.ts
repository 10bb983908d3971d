import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startApiServer } from '../../../support/api-server.js';
import { stubClient } from '../../../support/stub-client.js';

/** The answer to a path exactly as it is written: clients tidy it up before they send it. */
const get = async (url: string, path: string): Promise<{ status: number; text: string }> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
};

test.each([
  '/docs/static/../..',
  '/docs/static/../../package.json',
  '/docs/static/..%2f..%2fpackage.json',
  '/docs/static/%2e%2e/%2e%2e/package.json',
  '/docs/static/..\\..\\package.json',
  '/docs/static//etc/passwd',
  '/docs/static/%00',
  '/docs/static/a%00.css',
  '/docs/static/.hidden',
  '/docs/static/nothing.css',
])('S12: %s is told as not there, without a stack in the log', async (path) => {
  const { url, log, stop } = await startApiServer(stubClient());
  onTestFinished(stop);
  const { status, text } = await get(url, path);
  expect([path, status]).toEqual([path, 404]);
  expect(text).toContain('application/problem+json');
  expect(text).toContain('urn:quorate:problem:no-such-route');
  expect(log.filter((line) => 'err' in line || line['level'] === 50)).toEqual([]);
});

test.each([
  ['a long name', `/docs/static/${'a'.repeat(5_000)}`, 404],
  ['many folders', `/docs/static/${'a/'.repeat(3_000)}`, 404],
  ['half an escape', '/docs/static/%', 400],
  ['an escape of no character', '/docs/static/%ff', 400],
  ['an escape of no character in an operation', '/v1/operations/%ff/a/b/c', 400],
])('S12: %s is refused without a stack in the log', async (_what, path, expected) => {
  const { url, log, stop } = await startApiServer(stubClient());
  onTestFinished(stop);
  const { status, text } = await get(url, path);
  expect(status).toBe(expected);
  expect(text).toContain('application/problem+json');
  expect(log.filter((line) => 'err' in line || line['level'] === 50)).toEqual([]);
});

test('S12: what the page needs is there', async () => {
  const { url, stop } = await startApiServer(stubClient());
  onTestFinished(stop);
  for (const path of ['/docs', '/docs/static/swagger-ui.css', '/docs/static/swagger-initializer.js', '/docs/json']) {
    expect([path, (await get(url, path)).status]).toEqual([path, 200]);
  }
});
