import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SpecificationInvalid, type QuorateClient } from '../../../../api/client/client.js';
import { ProblemDetails } from '../../../../api/http/problem-details.js';
import { QuorateError } from '../../../../model/failures/failure.js';
import { OperatorError } from '../../../../model/failures/operator-error.js';
import { requestsAbout, send, type ApiRequest } from '../../../support/api-requests.js';
import { startApiServer, type ApiServer } from '../../../support/api-server.js';
import { clusterYaml } from '../../../support/run-cli.js';
import { stubClient } from '../../../support/stub-client.js';

let api: ApiServer;
let thrown: unknown;
const fail = () => Promise.reject(thrown as Error);
beforeAll(async () => {
  const own: Partial<QuorateClient> = { submit: fail, find: fail, clusters: fail, plan: fail };
  api = await startApiServer(stubClient(own), { limits: { bodyBytes: 100_000 } });
});
afterAll(() => api.stop());

const problem = async (request: ApiRequest, headers: Readonly<Record<string, string>> = {}) => {
  const response = await send(api.url, request, undefined, headers);
  const text = await response.text();
  expect([text, response.headers.get('content-type')]).toEqual([text, 'application/problem+json; charset=utf-8']);
  const body = ProblemDetails.parse(JSON.parse(text));
  expect(body.status).toBe(response.status);
  expect(body.remedy).not.toBe('');
  expect(body.requestId).toBe(response.headers.get('x-request-id'));
  return { ...body, headers: response.headers };
};
const start = requestsAbout('prod').startOperation;
const posted = (path: string, body: unknown): ApiRequest => ({ method: 'POST', path, body });

describe('what a use case throws', () => {
  test.each([
    ['bad-usage', 400],
    ['not-found', 404],
    ['ambiguous', 409],
    ['refused', 409],
    ['failed', 502],
    ['temporal-unreachable', 503],
  ] as const)('%s is %i', async (kind, status) => {
    thrown = new OperatorError(kind, 'It is so.', { remedy: 'Do that.', evidence: ['a', 'b'] });
    const { headers, ...told } = await problem(start);
    expect(told).toMatchObject({
      type: `urn:quorate:problem:${kind}`,
      status,
      detail: 'It is so.',
      remedy: 'Do that.',
      evidence: ['a', 'b'],
      problems: [],
    });
    expect(headers.get('retry-after')).toBe(status === 503 ? '5' : null);
  });

  test('an outage says who does not answer', async () => {
    thrown = new OperatorError('temporal-unreachable', 'x: no answer within 10 s, because no worker answers.', {
      remedy: 'Start a worker.',
    });
    expect(await problem(start)).toMatchObject({ status: 503, waitsFor: 'no worker answers' });
    thrown = Object.assign(new Error('Failed'), { cause: Object.assign(new Error('x'), { code: 14 }) });
    expect(await problem(start)).toMatchObject({ status: 503, waitsFor: 'the Temporal server does not answer' });
  });

  test('failures keep their name, host, evidence and remedy', async () => {
    thrown = new QuorateError('UnknownHost', 'prod has no host w9', { host: 'w9', remedy: 'Add it.', evidence: ['e'] });
    expect(await problem(start)).toMatchObject({
      type: 'urn:quorate:failure:UnknownHost',
      status: 422,
      detail: 'prod has no host w9',
      host: 'w9',
      evidence: ['e'],
    });
    thrown = new QuorateError('Unreachable', 'w1 does not answer', { remedy: 'Start it.' });
    expect(await problem(start)).toMatchObject({ type: 'urn:quorate:failure:Unreachable', status: 502 });
  });

  test('a wrong specification is told with each problem and its place', async () => {
    const problems = [{ file: 'p.yaml', line: 3, column: 5, path: 'spec', message: 'm', instead: 'i' }];
    thrown = new SpecificationInvalid('p.yaml', problems);
    expect(await problem(start)).toMatchObject({
      type: 'urn:quorate:problem:invalid-specification',
      status: 422,
      file: 'p.yaml',
      problems,
    });
  });

  test('what nobody foresaw is 500 without a word of it, and whole in the log under the request id', async () => {
    thrown = new TypeError('secret internals at /srv/quorate');
    const { requestId, headers: _headers, ...told } = await problem(start);
    expect(told).toMatchObject({ type: 'urn:quorate:problem:defect', status: 500 });
    expect(JSON.stringify(told)).not.toContain('internals');
    expect(told.remedy).toContain(requestId);
    expect(api.log).toContainEqual(
      expect.objectContaining({
        requestId,
        msg: 'unexpected',
        err: expect.objectContaining({ message: 'secret internals at /srv/quorate' }) as unknown,
      }),
    );
  });
});

describe('what is refused before it reaches a use case', () => {
  test.each<[string, ApiRequest, number, RegExp]>([
    ['no such path', { method: 'GET', path: '/v1/nothing' }, 404, /no-such-route/],
    ['another method', { method: 'DELETE' as 'GET', path: '/v1/operations' }, 405, /method-not-allowed/],
    ['a path that is no text', { method: 'GET', path: '/v1/%ff' }, 400, /bad-request/],
    ['bad JSON', posted('/v1/validate', '{'), 400, /bad-request/],
    ['an empty body', posted('/v1/validate', ''), 400, /bad-request/],
    ['a poisoned body', posted('/v1/validate', '{"__proto__": {"a": 1}}'), 400, /bad-request/],
    ['no body', { method: 'POST', path: '/v1/validate' }, 400, /bad-request/],
    ['another body', posted('/v1/validate', { specification: { text: 1 } }), 400, /bad-request/],
    ['a field too many', posted('/v1/retry', { all: true }), 400, /bad-request/],
    [
      'too large a body',
      posted('/v1/validate', { specification: { text: 'x'.repeat(200_000) } }),
      413,
      /body-too-large/,
    ],
    ['a filter that is none', { method: 'GET', path: '/v1/operations?limit=0' }, 400, /bad-request/],
    ['an unknown filter', { method: 'GET', path: '/v1/operations?cluster2=x' }, 400, /bad-request/],
    ['a name that is none', { method: 'GET', path: '/v1/operations/Prod/join-worker/w1/1f00aa11' }, 400, /bad-request/],
    [
      'a specification that is none',
      posted('/v1/plan', { verb: 'join', host: 'w1', specification: { text: 'a: [' } }),
      422,
      /invalid-specification/,
    ],
  ])('%s', async (_what, request, status, type) => {
    expect(await problem(request)).toMatchObject({ status, type: expect.stringMatching(type) as unknown });
  });

  test('another media type', async () => {
    const request = posted('/v1/validate', 'specification=x');
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'x']) {
      expect(await problem(request, { 'content-type': type })).toMatchObject({ status: 415 });
    }
  });

  test('405 says which methods there are', async () => {
    const { headers } = await problem({ method: 'PATCH' as 'GET', path: '/v1/operations' });
    expect(headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
  });

  test('the evidence names each field that is wrong', async () => {
    const body = { verb: 'leave', specification: { text: clusterYaml('prod'), file: 'x'.repeat(501) } };
    const { evidence } = await problem(posted('/v1/plan', body));
    expect(evidence.map((line) => line.split(':')[0])).toEqual(['body/verb', 'body/host', 'body/specification/file']);
  });

  test('what is no HTTP, and headers that are too large', async () => {
    const raw = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () => socket.write(text));
        let answer = '';
        socket.on('data', (chunk) => (answer += chunk.toString()));
        socket.on('error', reject);
        socket.on('close', () => resolve(answer));
      });
    for (const [text, status] of [
      ['nonsense\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ] as const) {
      const [head = '', body = ''] = (await raw(text)).split('\r\n\r\n');
      expect(head).toContain(`HTTP/1.1 ${status} `);
      expect(head).toContain('content-type: application/problem+json');
      expect(ProblemDetails.parse(JSON.parse(body)).status).toBe(status);
    }
  });
});
