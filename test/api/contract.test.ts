import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SpecificationInvalid, type QuorateClient } from '../../api/client/client.js';
import { createHttpClient } from '../../api/http-client/http-client.js';
import { hasEnded, type OperationSummary } from '../../api/client/operation-summary.js';
import type { OperationView } from '../../api/client/operation-view.js';
import { createQuorateClient } from '../../api/client/temporal-client.js';
import { QuorateError } from '../../model/failures/failure.js';
import type { PlanReport } from '../../model/plan-report.js';
import { StatusReport } from '../../model/status/status.js';
import { startApiServer } from '../support/api-server.js';
import { eventually } from '../support/eventually.js';
import { clusterYaml } from '../support/run-cli.js';
import {
  blockedByDirtyHost,
  startScriptedOperations,
  type ScriptedOperations,
} from '../support/scripted-operations.js';
import { uniqueName } from '../support/temporal.js';

// One suite for both ways in: a command cannot tell whether it speaks to Temporal or to the API.

const status = StatusReport.parse({
  cluster: 'prod',
  at: '2026-11-23T13:53:00.000Z',
  apiServers: [{ host: 'cp1', address: '10.203.0.11', ready: true }],
  endpoint: { address: '10.203.0.10:6443', ok: false, because: 'connection refused' },
  backends: [],
  leases: [],
  nodes: [],
  certificates: [],
  problems: ['the endpoint does not answer'],
});
const planOf = (host: string): PlanReport => ({
  cluster: 'prod',
  kind: 'join-worker',
  host,
  at: '2026-11-23T13:53:00.000Z',
  findings: [],
  plan: [`join ${host}`],
});

let it: ScriptedOperations;
let stopWorker: () => Promise<void>;
beforeAll(async () => {
  it = await startScriptedOperations({
    status,
    plan: ({ target }) => {
      if (target.name !== 'cp3') return planOf(target.name);
      throw new QuorateError('Unreachable', 'no connection to cp3', {
        host: 'cp3',
        remedy: 'see that cp3 runs',
        evidence: ['connect ECONNREFUSED'],
      });
    },
  });
  stopWorker = await it.startWorker();
});
afterAll(() => it.stop());

interface Way {
  readonly client: QuorateClient;
  readonly close: () => Promise<void>;
}
const patience = { totalMs: 2_500, callMs: 1_000 };
const ways: Readonly<Record<string, () => Promise<Way>>> = {
  Temporal: async () => ({
    client: createQuorateClient(it.temporal, it.taskQueue, patience),
    close: () => Promise.resolve(),
  }),
  'the HTTP API': async () => {
    const api = await startApiServer(createQuorateClient(it.temporal, it.taskQueue, { totalMs: 1_000, callMs: 1_000 }));
    const { client, close } = createHttpClient({ server: api.url, patienceMs: patience.totalMs });
    return { client, close: () => close().then(api.stop) };
  },
};

const specification = (cluster: string) => ({ text: clusterYaml(cluster), file: 'prod.yaml' });
const join = (cluster: string, host: string, key: string = randomUUID()) =>
  ({ specification: specification(cluster), verb: 'join', host, key, by: 'ann@desk' }) as const;
const finish = ({ workflowId }: OperationSummary) => it.play(workflowId, { outcome: 'finished', summary: 'done' });
const collect = async (views: AsyncIterable<OperationView>): Promise<OperationView[]> => {
  const all: OperationView[] = [];
  for await (const view of views) all.push(view);
  return all;
};

describe.each(Object.keys(ways))('over %s', (name) => {
  let client: QuorateClient;
  let close: () => Promise<void>;
  beforeAll(async () => ({ client, close } = await (ways[name] as () => Promise<Way>)()));
  afterAll(() => close());

  /** Submits and waits until lists show that it runs. */
  const begin = async (cluster: string, host: string): Promise<OperationSummary> => {
    const { operation } = await client.submit(join(cluster, host));
    await eventually(async () => (await client.find(operation).catch(() => undefined))?.state).toBe('running');
    return client.find(operation);
  };
  const block = async ({ cluster, workflowId, operation }: OperationSummary) => {
    await it.play(workflowId, { blocked: blockedByDirtyHost });
    await eventually(async () =>
      (await client.list({ cluster, blocked: true })).operations.map((one) => one.operation),
    ).toContain(operation);
  };

  test('S13: the same key with another specification is refused, while the operation runs and after its end', async () => {
    const cluster = uniqueName('reused');
    const first = join(cluster, 'w1', 'k');
    const { operation, workflowId } = await client.submit(first);
    const text = `${first.specification.text}# changed\n`;
    const other = { ...first, specification: { ...first.specification, text } };
    const reused = {
      kind: 'key-reused',
      message: expect.stringContaining(`${operation} was not taken`) as unknown,
      remedy: expect.stringContaining('another key') as unknown,
    };
    await expect(client.submit(other)).rejects.toMatchObject(reused);
    await eventually(async () => (await client.find(operation)).state).toBe('running');
    await it.temporal.workflow.getHandle(workflowId).terminate('by hand');
    await eventually(async () => (await client.find(operation)).state).toBe('terminated');
    await eventually(() => it.temporal.workflow.getHandle(`cluster/${cluster}`).query('queue')).toMatchObject({
      ended: [{ operation }],
    });
    await expect(client.submit(other)).rejects.toMatchObject(reused);
    // Whoever asks, and whatever the file is called.
    expect(
      await client.submit({ ...first, by: 'bob@desk', specification: { ...first.specification, file: 'x.yaml' } }),
    ).toMatchObject({ operation });
    expect(await client.submit({ ...other, key: 'k2' })).toMatchObject({ cluster });
  });

  test('the same key is the same operation, and the host joins in the way of its role', async () => {
    const cluster = uniqueName('same');
    const [first, second] = await Promise.all([
      client.submit(join(cluster, 'w1', 'k')),
      client.submit(join(cluster, 'w1', 'k')),
    ]);
    expect(second).toEqual(first);
    expect(first).toEqual({
      operation: expect.stringMatching(new RegExp(`^${cluster}/join-worker/w1/[0-9a-f]{8}$`)) as unknown,
      cluster,
      kind: 'join-worker',
      host: 'w1',
      workflowId: `op/${cluster}/join-worker/w1`,
      position: 0,
    });
    expect(await client.submit(join(cluster, 'cp2'))).toMatchObject({ kind: 'join-control-plane', position: 0 });
    expect(await client.submit(join(cluster, 'cp3'))).toMatchObject({ kind: 'join-control-plane', position: 1 });
    await eventually(async () => (await client.list({ cluster })).operations.length).toBe(3);
    await eventually(() => client.clusters()).toMatchObject({
      clusters: expect.arrayContaining([
        {
          cluster,
          lockedBy: expect.stringContaining('join-control-plane/cp2') as unknown,
          running: 2,
          blocked: 0,
          waiting: 1,
        },
      ]) as unknown,
    });
  });

  test('a specification with problems is refused with all of them and their places', async () => {
    const text = clusterYaml('prod').replace('10.203.0.12', '10.203.0.11').replace('v1.37.1', 'v1.2');
    const refused = await client
      .submit({ ...join('prod', 'w1'), specification: { text, file: 'bad.yaml' } })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SpecificationInvalid);
    expect(refused).toMatchObject({
      name: 'SpecificationInvalid',
      message: 'bad.yaml has 2 problems',
      file: 'bad.yaml',
      problems: [
        { file: 'bad.yaml', line: 5, column: 22, path: 'spec.kubernetesVersion' },
        { file: 'bad.yaml', line: 11, path: 'spec.hosts.cp2.address' },
      ],
    });
  });

  test('a host that does not fit is refused before anything is asked for', async () => {
    for (const [host, type] of [
      ['nobody', 'UnknownHost'],
      ['__proto__', 'UnknownHost'],
      ['lb1', 'InvalidSpecification'],
    ] as const) {
      const refused = await client.submit(join('prod', host)).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(QuorateError);
      expect(refused).toMatchObject({
        type,
        message: expect.stringContaining(host) as unknown,
        details: { remedy: expect.any(String) as unknown, evidence: expect.any(Array) as unknown },
      });
    }
  });

  test('plan and status are what a worker reads; what it could not read is said with what to do', async () => {
    expect(await client.plan(join('prod', 'w1'))).toEqual(planOf('w1'));
    expect(await client.status(specification('prod'))).toEqual(status);
    await expect(client.plan(join('prod', 'cp3'))).rejects.toMatchObject({
      name: 'OperatorError',
      kind: 'failed',
      message: expect.stringContaining('Unreachable: no connection to cp3') as unknown,
      remedy: 'see that cp3 runs',
      evidence: ['connect ECONNREFUSED'],
    });
  });

  test('lists page by page, filters, and finds by the front of a name', async () => {
    const cluster = uniqueName('list');
    const w1 = await begin(cluster, 'w1');
    const cp2 = await begin(cluster, 'cp2');
    const { operation: cp3 } = await client.submit(join(cluster, 'cp3'));
    await finish(w1);
    await eventually(async () =>
      (await client.list({ cluster })).operations.map(({ host, state }) => [host, state]),
    ).toEqual([
      ['cp3', 'waiting'],
      ['cp2', 'running'],
      ['w1', 'finished'],
    ]);
    const seen: string[] = [];
    let pageToken: string | undefined;
    do {
      const page = await client.list({ cluster, limit: 1, ...(pageToken === undefined ? {} : { pageToken }) });
      expect(page.operations.length).toBeLessThanOrEqual(1);
      seen.push(...page.operations.map(({ operation }) => operation));
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    expect(seen).toEqual([cp3, cp2.operation, w1.operation]);
    const names = async (filter: object) =>
      (await client.list({ cluster, ...filter })).operations.map(({ operation }) => operation);
    expect(await names({ ended: false })).toEqual([cp3, cp2.operation]);
    expect(await names({ host: 'w1' })).toEqual([w1.operation]);
    expect(await names({ kind: 'join-worker' })).toEqual([w1.operation]);
    await expect(client.list({ cluster, pageToken: 'e30' })).rejects.toMatchObject({ kind: 'bad-usage' });

    expect((await client.find(w1.operation.slice(0, -3))).operation).toBe(w1.operation);
    expect((await client.find(`${cluster}/join-worker`, 'not-ended')).operation).toBe(w1.operation);
    await expect(client.find(`${cluster}/join-worker/w`)).rejects.toMatchObject({
      kind: 'not-found',
      remedy: expect.stringContaining('operations list') as unknown,
    });
    await expect(client.find(cluster)).rejects.toMatchObject({
      kind: 'ambiguous',
      evidence: [`${w1.operation} (finished)`, `${cp2.operation} (running)`, `${cp3} (waiting)`],
    });
  });

  test('an operation that was accepted a moment ago can be watched from its place in the queue to its end', async () => {
    const cluster = uniqueName('queue');
    const first = await begin(cluster, 'cp2');
    const submitted = await client.submit(join(cluster, 'cp3'));
    const summary = { ...submitted, state: 'waiting', since: new Date().toISOString() } as const;
    const watched = collect(client.watch(summary, { intervalMs: 500 }));
    await eventually(async () => (await client.view(summary)).summary.waitsFor).toContain(first.operation);
    await finish(first);
    await eventually(async () => (await client.find(submitted.operation)).state).toBe('running');
    await it.play(`change/${cluster}`, { outcome: 'rolled-back', summary: 'rolled back by ann' });
    const views = await watched;
    expect(views[0]?.summary.state).toBe('waiting');
    expect(views.at(-1)).toMatchObject({
      summary: { operation: submitted.operation, state: 'rolled-back' },
      progress: { summary: 'rolled back by ann' },
    });
    expect(views.filter(({ summary: { state } }) => hasEnded(state))).toHaveLength(1);
  });

  test('yields each change once, with what the host printed, until the end', async () => {
    const summary = await begin(uniqueName('watch'), 'w1');
    const views: OperationView[] = [];
    const watched = (async () => {
      for await (const view of client.watch(summary, { intervalMs: 500 })) views.push(view);
    })();
    await it.play(summary.workflowId, { work: true });
    await eventually(async () => (await client.view(summary)).activity).toEqual({
      type: 'work',
      attempt: 1,
      lastLine: '[etcd] waiting for the learner',
    });
    await eventually(() => views.some(({ activity }) => activity?.lastLine !== undefined)).toBe(true);
    await finish(summary);
    await watched;
    expect(views.at(-1)).toMatchObject({ summary: { state: 'finished' }, progress: { summary: 'done' } });
    expect(new Set(views.map((view) => JSON.stringify(view))).size).toBe(views.length);
  });

  test('watching ends with the signal; the operation goes on', async () => {
    const summary = await begin(uniqueName('abort'), 'w1');
    const stop = new AbortController();
    const views: OperationView[] = [];
    const watched = (async () => {
      for await (const view of client.watch(summary, { signal: stop.signal })) views.push(view);
    })();
    await eventually(() => views.length).toBeGreaterThan(0);
    stop.abort();
    await watched;
    expect((await client.view(summary)).summary.state).toBe('running');
  });

  test('a decision goes on with a blocked operation, and is refused when it makes no sense', async () => {
    const summary = await begin(uniqueName('decide'), 'w1');
    const decision = { action: 'approve', by: 'ann@desk', reason: 'ours' } as const;
    await expect(client.decide(summary, decision)).rejects.toMatchObject({
      kind: 'refused',
      message: 'The decision was refused: nothing to decide.',
    });
    await block(summary);
    await expect(client.decide(summary, { ...decision, action: 'rollback' })).rejects.toMatchObject({
      kind: 'refused',
    });
    await client.decide(summary, decision);
    const { progress, summary: after } = await client.view(summary);
    expect(progress?.decisions).toMatchObject([decision]);
    expect(after.state).toBe('running');
  });

  test('R6: a decision is for the question that it names, or else for the one that was read', async () => {
    const summary = await begin(uniqueName('about'), 'w1');
    const decision = { action: 'approve', by: 'ann@desk', reason: '' } as const;
    await block(summary);
    expect((await client.view(summary)).progress?.blocked).toMatchObject({ question: 1 });
    expect((await client.view(summary)).summary).toMatchObject({ blockedQuestion: 1 });
    await expect(client.decide(summary, { ...decision, about: 2 })).rejects.toMatchObject({
      kind: 'refused',
      message: 'The decision was refused: it waits for something else by now.',
    });
    expect((await client.view(summary)).progress?.decisions).toEqual([]);
    await client.decide(summary, { ...decision, about: 1 });
    await block(summary);
    await client.decide(summary, { ...decision, action: 'retry' });
    const handle = it.temporal.workflow.getHandle(summary.workflowId);
    expect(await handle.query('progress')).toMatchObject({ decisions: [{ about: 1 }, { action: 'retry', about: 1 }] });
  });

  test('a cancel undoes what runs and withdraws what waits', async () => {
    const cluster = uniqueName('cancel');
    const running = await begin(cluster, 'cp2');
    const { operation } = await client.submit(join(cluster, 'cp3'));
    const why = { by: 'ann@desk', reason: 'wrong host' };
    expect(await client.cancel(await client.find(operation), why)).toBe('withdrawn');
    expect(await client.find(operation)).toMatchObject({
      state: 'cancelled',
      message: 'withdrawn by ann@desk before it began: wrong host',
    });
    expect(await client.cancel(running, why)).toBe('cancelling');
    const views = await collect(client.watch(running, { intervalMs: 500 }));
    expect(views.at(-1)?.summary.state).toBe('cancelled');
    await expect(client.cancel(await client.find(running.operation), why)).rejects.toMatchObject({
      kind: 'refused',
      message: `${running.operation} has ended (cancelled); there is nothing to cancel.`,
    });
  });

  test('retries all that match, or only says which', async () => {
    const cluster = uniqueName('retry');
    const operations = await Promise.all([begin(cluster, 'w1'), begin(cluster, 'cp2')]);
    for (const one of operations) await block(one);
    const options = { by: 'ann@desk', reason: 'power is back', dryRun: true };
    const both = operations.map(({ operation }) => ({ operation, blockedReason: 'DirtyHost' }));
    const dry = await client.retry({ cluster, blockedBy: 'DirtyHost' }, options);
    expect(dry).toMatchObject({ dryRun: true, refused: [] });
    expect(dry.accepted).toEqual(expect.arrayContaining(both));
    expect(await client.retry({ cluster, blockedBy: 'Unreachable' }, options)).toMatchObject({ accepted: [] });
    expect(await client.retry({ cluster, host: 'w1' }, { ...options, dryRun: false })).toEqual({
      dryRun: false,
      accepted: [both[0]],
      refused: [],
    });
    const { progress } = await client.view(operations[0]);
    expect(progress?.decisions).toMatchObject([{ action: 'retry', by: 'ann@desk', reason: 'power is back' }]);
  });

  test('without a worker says that nobody knows, and does it once when the worker is back', async () => {
    const cluster = uniqueName('away');
    const summary = await begin(cluster, 'w1');
    const views: OperationView[] = [];
    const watched = (async () => {
      for await (const view of client.watch(summary, { intervalMs: 500 })) views.push(view);
    })();
    await eventually(() => views.at(-1)?.progress?.operation).toBe(summary.operation);
    await stopWorker();
    const waits: string[] = [];
    const request = join(cluster, 'cp2');
    await expect(client.submit(request, { onWaiting: (why) => waits.push(why) })).rejects.toMatchObject({
      kind: 'temporal-unreachable',
      message: expect.stringContaining('because no worker answers. It may still be carried out') as unknown,
      remedy: expect.stringContaining('quorate worker') as unknown,
    });
    expect(waits).toEqual(['no worker answers']);
    await eventually(() => views.at(-1)?.outage).toBe('no worker answers');
    expect(views.at(-1)?.progress?.steps).toHaveLength(1);
    stopWorker = await it.startWorker();
    await eventually(() => client.submit(request)).toBeDefined();
    await eventually(() => views.at(-1)?.outage).toBeUndefined();
    await finish(summary);
    await watched;
    expect(views.at(-1)?.summary.state).toBe('finished');
    await eventually(async () => (await client.list({ cluster })).operations.length).toBe(2);
  });
});
