import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { OperationList } from '../../../api/client/find-operations.js';
import { createPageTokens } from '../../../api/server/page-tokens.js';
import { createToken, revokeToken } from '../../../api/server/tokens/manage.js';
import { openTokenStore } from '../../../api/server/tokens/token-store.js';
import { send } from '../../support/api-requests.js';
import { startApiServer } from '../../support/api-server.js';
import { stubClient } from '../../support/stub-client.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const list = (url: string, pageToken?: string, token?: string): Promise<Response> =>
  send(
    url,
    { method: 'GET', path: `/v1/operations${pageToken === undefined ? '' : `?pageToken=${pageToken}`}` },
    token,
  );

/** An API whose lists have another page always, and what it was asked for. */
const serve = async () => {
  const asked: unknown[] = [];
  const api = await startApiServer(
    stubClient({
      list: (filter) => {
        asked.push(filter?.pageToken);
        return Promise.resolve({ operations: [], notes: [], nextPageToken: 'eyJwYXJ0IjoiYmVndW4ifQ' });
      },
    }),
  );
  onTestFinished(() => api.stop());
  const first = async (token?: string): Promise<string> =>
    OperationList.parse(await (await list(api.url, undefined, token)).json()).nextPageToken ?? '';
  return { ...api, asked, first };
};

test('S15: a page token that was handed out is good for the next page', async () => {
  const { url, asked, first } = await serve();
  expect((await list(url, await first())).status).toBe(200);
  expect(asked).toEqual([undefined, 'eyJwYXJ0IjoiYmVndW4ifQ']);
});

test('S15: a forged page token is refused with 400 and what to do, and goes nowhere', async () => {
  const { url, asked, first } = await serve();
  const token = await first();
  const [text = '', signature = ''] = token.split('.');
  const forged = [
    text,
    `${text}.`,
    `${text}.AAAA`,
    `${text}.${'A'.repeat(22)}`,
    `${Buffer.from('{"part":"waiting"}').toString('base64url')}.${signature}`,
    `${token}A`,
    `A${token}`,
    `${token}.${signature}`,
    'nonsense',
    '%00',
    encodeURIComponent('ü'.repeat(500)),
  ];
  for (const one of forged) {
    const answer = await list(url, one);
    expect([one, answer.status]).toEqual([one, 400]);
    expect(await answer.json()).toMatchObject({
      type: 'urn:quorate:problem:bad-request',
      remedy: expect.stringContaining('begin with the first page'),
    });
  }
  expect(asked).toEqual([undefined]);
});

test('S15: servers that share a file of tokens know each other’s page tokens, also after a change of it; others do not', async () => {
  const file = join(temporaryFolder(), 'tokens.json');
  const make = (name: string) => createToken(file, { name, role: 'viewer', clusters: [] });
  await make('ann');
  const [one, two] = [1, 2].map(() => createPageTokens(openTokenStore(file, () => {})));
  const signed = one!.sign('abc');
  expect(two!.verified(signed)).toBe('abc');
  await make('bob');
  await revokeToken(file, 'ann');
  expect(createPageTokens(openTokenStore(file, () => {})).verified(signed)).toBe('abc');
  rmSync(file);
  await make('ann');
  expect(() => two!.verified(signed)).toThrow('The page token is none that this server handed out.');
});

test('S15: without a file of tokens a page token is good for the server that made it', () => {
  const [one, two] = [1, 2].map(() => createPageTokens(openTokenStore('/nowhere/tokens.json', () => {})));
  expect(one!.verified(one!.sign('abc'))).toBe('abc');
  expect(() => two!.verified(one!.sign('abc'))).toThrow('none that this server handed out');
});
