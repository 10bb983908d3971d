import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { accessTable, type Access, type RouteId } from '../../../../api/server/access/access-table.js';
import { ProblemDetails } from '../../../../api/http/problem-details.js';
import { createToken, revokeToken } from '../../../../api/server/tokens/manage.js';
import { roles, type Role } from '../../../../api/server/tokens/token.js';
import { requestsAbout, send } from '../../../support/api-requests.js';
import { startApiServer, type ApiServer } from '../../../support/api-server.js';
import { stubClient, type StubClient } from '../../../support/stub-client.js';

let client: StubClient;
let api: ApiServer;
const tokens = new Map<string, string>();
const tokenOf = (role: Role, clusters: string): string => tokens.get(`${role} ${clusters}`) ?? '';
beforeAll(async () => {
  client = stubClient();
  api = await startApiServer(client);
  for (const role of roles) {
    tokens.set(`${role} all`, await api.token(role));
    tokens.set(`${role} prod`, await api.token(role, 'prod'));
    tokens.set(`${role} stage`, await api.token(role, 'stage'));
  }
});
afterAll(() => api.stop());
beforeEach(() => void client.calls.splice(0));

const routes = Object.keys(accessTable) as RouteId[];
const answer = async (route: RouteId, token?: string) => {
  const response = await send(api.url, requestsAbout('prod')[route], token);
  const text = await response.text();
  return { status: response.status, text, headers: response.headers };
};

/** What the table promises, said once more in words of its own. */
const mayPass = ({ role, clusters }: Access, caller: Role, reach: 'all' | 'prod' | 'stage'): boolean => {
  if (role === 'anyone') return true;
  if (caller === 'viewer' && role !== 'viewer') return false;
  if (clusters === 'server') return reach === 'all' || caller === 'admin';
  return clusters !== 'named' || reach !== 'stage';
};

/** Requests that name a cluster in a filter are refused like those that name one in the path. */
const namesCluster: readonly RouteId[] = ['listOperations', 'retryOperations'];

test('the document and the table of access name the same routes', async () => {
  const { paths } = JSON.parse((await answer('getOpenApi')).text) as {
    paths: Record<string, Record<string, { operationId: string; security: unknown[] }>>;
  };
  const documented = Object.values(paths).flatMap((methods) => Object.values(methods));
  expect(documented.map(({ operationId }) => operationId).sort()).toEqual([...routes].sort());
  for (const { operationId, security } of documented) {
    expect([operationId, security]).toEqual([
      operationId,
      accessTable[operationId as RouteId].role === 'anyone' ? [] : [{ token: [] }],
    ]);
  }
});

test('docs/api.md shows the same table', () => {
  const text = readFileSync(new URL('../../../../docs/api.md', import.meta.url), 'utf8');
  const mark = (row: RouteId, role: Role): string => {
    if (accessTable[row].clusters === 'server' && role !== 'admin') return 'yes, for all clusters';
    return mayPass(accessTable[row], role, 'prod') ? 'yes' : 'no';
  };
  for (const route of routes) {
    const row = text.split('\n').find((line) => line.includes(`\`${route}\``));
    expect([
      route,
      row
        ?.split('|')
        .slice(4, 7)
        .map((cell) => cell.trim().replace(', without a token', '')),
    ]).toEqual([route, roles.map((role) => (accessTable[route].role === 'anyone' ? 'yes' : mark(route, role)))]);
  }
});

describe.each(routes)('%s', (route) => {
  const access: Access = accessTable[route];

  test('without a token, with an unknown, a malformed or a revoked one', async () => {
    const { token } = await createToken(api.tokenFile, { name: `gone-${route}`, role: 'admin', clusters: [] });
    await revokeToken(api.tokenFile, `gone-${route}`);
    for (const presented of [undefined, `quorate_${'A'.repeat(43)}`, 'x y', '', token]) {
      const { status, text, headers } = await answer(route, presented);
      if (access.role === 'anyone') expect(status).toBe(200);
      else {
        expect(status).toBe(401);
        expect(headers.get('www-authenticate')).toBe('Bearer realm="quorate"');
        expect(ProblemDetails.parse(JSON.parse(text)).type).toBe('urn:quorate:problem:unauthenticated');
      }
    }
    expect(client.calls).toEqual([]);
  });

  test.each(roles.flatMap((role) => (['all', 'prod', 'stage'] as const).map((reach) => [role, reach] as const)))(
    'as %s for %s',
    async (role, reach) => {
      const { status, text } = await answer(route, tokenOf(role, reach));
      const passes = mayPass(access, role, reach) && !(namesCluster.includes(route) && reach === 'stage');
      if (passes) expect([200, 202]).toContain(status);
      else {
        expect(status).toBe(403);
        expect(ProblemDetails.parse(JSON.parse(text)).type).toBe('urn:quorate:problem:forbidden');
        expect(client.calls).toEqual([]);
      }
    },
  );
});

describe('what a token for one cluster sees', () => {
  test('its own clusters in lists, and nothing of the others', async () => {
    const { text } = await answer('listClusters', tokenOf('viewer', 'prod'));
    expect(JSON.parse(text)).toEqual({
      clusters: [{ cluster: 'prod', running: 0, blocked: 0, waiting: 0 }],
      notes: [],
    });
    await send(api.url, { method: 'GET', path: '/v1/operations' }, tokenOf('viewer', 'prod'));
    expect(client.calls.at(-1)).toEqual(['list', { limit: 50, clusters: ['prod'] }]);
    await send(api.url, { method: 'GET', path: '/v1/operations' }, tokenOf('viewer', 'all'));
    expect(client.calls.at(-1)).toEqual(['list', { limit: 50 }]);
  });

  test('a bulk retry touches its own clusters only', async () => {
    const two = await api.token('operator', 'prod', 'stage');
    await send(api.url, { method: 'POST', path: '/v1/retry', body: { blockedBy: 'Unreachable' } }, two);
    expect(client.calls.map(([name, filter]) => [name, filter])).toEqual([
      ['retry', { blockedBy: 'Unreachable', cluster: 'prod' }],
      ['retry', { blockedBy: 'Unreachable', cluster: 'stage' }],
    ]);
  });
});

describe('who is recorded', () => {
  test.each(['startOperation', 'decideOperation', 'cancelOperation', 'retryOperations'] as const)(
    '%s: the name of the token, whatever the request says',
    async (route) => {
      const name = `ann-${route}`;
      const { token } = await createToken(api.tokenFile, { name, role: 'operator', clusters: [] });
      const request = requestsAbout('prod')[route];
      await send(api.url, { ...request, body: { ...(request.body as object), by: 'somebody else' } }, token);
      expect(JSON.stringify(client.calls.at(-1))).toContain(`"by":"${name}"`);
      expect(JSON.stringify(client.calls)).not.toContain('somebody else');
    },
  );
});

test('no token is in the log, only the name of its owner', async () => {
  const { token } = await createToken(api.tokenFile, { name: 'ann-logged', role: 'viewer', clusters: [] });
  await answer('listClusters', token);
  expect(api.log.at(-1)).toMatchObject({ method: 'GET', url: '/v1/clusters', status: 200, by: 'ann-logged' });
  expect(JSON.stringify(api.log)).not.toContain('quorate_');
});
