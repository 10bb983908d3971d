import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { QuorateClient } from '../../../../api/client/client.js';
import type { OperationSummary } from '../../../../api/client/operation-summary.js';
import type { OperationView } from '../../../../api/client/operation-view.js';
import { createToken, revokeToken } from '../../../../api/server/tokens/manage.js';
import { startApiServer, type ApiServer } from '../../../support/api-server.js';
import { eventually } from '../../../support/eventually.js';
import { startScriptedApi } from '../../../support/scripted-api.js';
import type { ScriptedOperations } from '../../../support/scripted-operations.js';
import { stubClient, summaryOf } from '../../../support/stub-client.js';
import { uniqueName } from '../../../support/temporal.js';

interface Stream {
  readonly status: number;
  readonly type: string | null;
  readonly events: EventSourceMessage[];
  readonly comments: string[];
  /** Settles when the server has ended it. */
  readonly ended: Promise<void>;
  readonly close: () => void;
}

const open = async (url: string, headers: Record<string, string> = {}): Promise<Stream> => {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(url, { headers, signal: controller.signal });
  const events: EventSourceMessage[] = [];
  const comments: string[] = [];
  const parser = createParser({
    onEvent: (event) => void events.push(event),
    onComment: (comment) => void comments.push(comment),
  });
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
  };
  const ended = read();
  ended.catch(() => {});
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    events,
    comments,
    ended,
    close: () => controller.abort(),
  };
};
const views = ({ events }: Stream): OperationView[] => events.map(({ data }) => JSON.parse(data) as OperationView);
const stepOf = (stream: Stream): string | undefined => views(stream).at(-1)?.progress?.steps[0]?.note;

describe('the events of an operation', () => {
  let it: ScriptedOperations;
  let api: ApiServer;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ it, api, stop } = await startScriptedApi());
  });
  afterAll(() => stop());

  const begin = async (): Promise<{ summary: OperationSummary; url: string }> => {
    const request = it.request('join-worker', 'w1', uniqueName('events'));
    await it.submit(request);
    const { operation } = request.context;
    await eventually(async () => (await it.client.find(operation).catch(() => undefined))?.state).toBe('running');
    return { summary: await it.client.find(operation), url: `${api.url}/v1/operations/${operation}/events` };
  };
  const note = ({ workflowId }: OperationSummary, text: string) =>
    it.play(workflowId, { steps: [{ id: 'read', title: 'read the host', state: 'running', note: text }] });

  test('are whole views, begin with what is now, and end with the operation', async () => {
    const { summary, url } = await begin();
    const stream = await open(url);
    expect([stream.status, stream.type]).toEqual([200, 'text/event-stream']);
    await eventually(() => views(stream).length).toBe(1);
    await note(summary, 'first');
    await eventually(() => stepOf(stream)).toBe('first');
    await it.play(summary.workflowId, { outcome: 'finished', summary: 'done' });
    await stream.ended;
    expect(views(stream).at(-1)).toMatchObject({ summary: { state: 'finished' }, progress: { summary: 'done' } });
    const ids = stream.events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.map((id) => Number(id?.split('-')[0]))).toEqual(views(stream).map((view) => view.progress?.revision));
  });

  test('resume after the last one that was seen: what is newer comes at once, what was seen does not come again', async () => {
    const { summary, url } = await begin();
    const first = await open(url);
    await eventually(() => views(first).length).toBe(1);
    await note(summary, 'seen');
    await eventually(() => stepOf(first)).toBe('seen');
    const seen = first.events.at(-1)?.id ?? '';
    first.close();

    const nothingNew = await open(url, { 'last-event-id': seen });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(nothingNew.events).toEqual([]);
    await note(summary, 'newer');
    await eventually(() => nothingNew.events.length).toBe(1);
    expect(stepOf(nothingNew)).toBe('newer');

    const resumed = await open(url, { 'last-event-id': seen });
    await eventually(() => resumed.events.length).toBe(1);
    expect(stepOf(resumed)).toBe('newer');

    await it.play(summary.workflowId, { outcome: 'finished', summary: 'done' });
    await resumed.ended;
    const over = await open(url, { 'last-event-id': resumed.events.at(-1)?.id ?? '' });
    expect([over.status, over.events]).toEqual([204, []]);
    const late = await open(url, { 'last-event-id': seen });
    await late.ended;
    expect(views(late).map((view) => view.summary.state)).toEqual(['finished']);
  });

  test('of an operation that is not there are a problem', async () => {
    const stream = await open(`${api.url}/v1/operations/${uniqueName('nobody')}/join-worker/w1/00000000/events`);
    expect([stream.status, stream.type]).toEqual([404, 'application/problem+json; charset=utf-8']);
  });
});

describe('a stream', () => {
  const url = (api: ApiServer): string => `${api.url}/v1/operations/prod/join-worker/w1/1f00aa11/events`;
  /** An operation that never changes, until the watch is ended. */
  const silent: QuorateClient['watch'] = async function* (summary, { signal } = {}) {
    yield { summary };
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
  };
  const serve = async (own: Partial<QuorateClient>, limits: object = {}): Promise<ApiServer> => {
    const api = await startApiServer(stubClient(own), { limits });
    onTestFinished(() => api.stop());
    return api;
  };

  test('is kept alive while nothing changes', async () => {
    const stream = await open(url(await serve({ watch: silent }, { keepAliveMs: 50 })));
    await eventually(() => stream.comments.length).toBeGreaterThan(2);
    expect(stream.events).toHaveLength(1);
  });

  test('gives its place back when its client goes away, and there are only so many', async () => {
    const signals: AbortSignal[] = [];
    const api = await serve(
      {
        watch: (summary, options) => {
          if (options?.signal !== undefined) signals.push(options.signal);
          return silent(summary, options);
        },
      },
      { streams: 3, streamsPerToken: 2 },
    );
    const [ann, bob] = [await api.token('viewer'), await api.token('viewer')];
    const as = (token: string) => open(url(api), { authorization: `Bearer ${token}` });
    const first = await as(ann);
    expect(first.status).toBe(200);
    expect((await as(ann)).status).toBe(200);
    expect((await as(ann)).status).toBe(429);
    expect((await as(bob)).status).toBe(200);
    expect((await as(bob)).status).toBe(429);
    first.close();
    await eventually(() => signals[0]?.aborted).toBe(true);
    await eventually(async () => (await as(bob)).status).toBe(200);
    const metrics = await (await fetch(`${api.url}/metrics`, { headers: { authorization: `Bearer ${bob}` } })).text();
    expect(metrics).toContain('quorate_api_event_streams 3');
  });

  test('ends when the server ends', async () => {
    const api = await startApiServer(stubClient({ watch: silent }));
    const stream = await open(url(api));
    await eventually(() => stream.events.length).toBe(1);
    const began = Date.now();
    await api.stop();
    await stream.ended;
    expect(Date.now() - began).toBeLessThan(3_000);
  });

  test('ends when its token is revoked', async () => {
    const api = await serve({ watch: silent }, { keepAliveMs: 50 });
    const { token } = await createToken(api.tokenFile, { name: 'ann', role: 'viewer', clusters: ['prod'] });
    const stream = await open(url(api), { authorization: `Bearer ${token}` });
    await eventually(() => stream.events.length).toBe(1);
    await revokeToken(api.tokenFile, 'ann');
    await stream.ended;
    expect(stream.events.at(-1)).toMatchObject({
      event: 'problem',
      data: expect.stringContaining('unauthenticated') as unknown,
    });
  });

  test('says an error in its middle as a problem, without what nobody should see', async () => {
    const api = await serve({
      watch: async function* (summary) {
        yield await Promise.resolve({ summary });
        throw new TypeError('internals');
      },
    });
    const stream = await open(url(api));
    await stream.ended;
    expect(stream.events.map(({ event }) => event)).toEqual([undefined, 'problem']);
    expect(stream.events[1]?.data).toContain('urn:quorate:problem:defect');
    expect(stream.events[1]?.data).not.toContain('internals');
    expect(api.log).toContainEqual(expect.objectContaining({ msg: 'unexpected' }));
  });

  test('a view of which only what the host printed has changed is another one', async () => {
    const summary = summaryOf('prod/join-worker/w1/1f00aa11');
    const printed = (lastLine: string): OperationView => ({
      summary,
      activity: { type: 'work', attempt: 1, lastLine },
    });
    const api = await serve({
      watch: async function* (_summary, { signal } = {}) {
        yield await Promise.resolve(printed('a'));
        yield printed('b');
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      },
    });
    const stream = await open(url(api));
    await eventually(() => stream.events.length).toBe(2);
    const resumed = await open(url(api), { 'last-event-id': stream.events[0]?.id ?? '' });
    await eventually(() => views(resumed).map((view) => view.activity?.lastLine)).toEqual(['b']);
  });
});
