import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OperationView } from '../../../api/client/operation-view.js';
import { StatusReport } from '../../../model/status/status.js';
import { clusterYaml, runCli, type CliResult } from '../../support/run-cli.js';
import {
  blockedByDirtyHost,
  startScriptedOperations,
  type ScriptedOperations,
} from '../../support/scripted-operations.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { uniqueName } from '../../support/temporal.js';
import { eventually } from '../../support/eventually.js';

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

let it: ScriptedOperations;
let env: Record<string, string>;
beforeAll(async () => {
  it = await startScriptedOperations({ status });
  await it.startWorker();
  env = { TEMPORAL_ADDRESS: it.server.address, QUORATE_TASK_QUEUE: it.taskQueue };
});
afterAll(() => it.stop());

let cluster: string;
let file: string;
beforeEach(() => {
  cluster = uniqueName('cli');
  file = join(temporaryFolder(), 'cluster.yaml');
  writeFileSync(file, clusterYaml(cluster));
});

const quorate = (...args: string[]): Promise<CliResult> => runCli(args, { env });
/** A command whose output a test waits for. */
const watched = (args: readonly string[], options: { columns?: number; signal?: AbortSignal } = {}) => {
  let out = '';
  const result = runCli(args, { env, ...options, onOut: (text) => (out += text) });
  return { result, said: (text: string) => eventually(() => out).toContain(text) };
};
const listed = async () => (await it.client.list({ cluster })).operations[0];
/** Runs a command and, once its operation is in that state, what the test does meanwhile. */
const meanwhile = async (
  running: Promise<CliResult>,
  state: string,
  act: (workflowId: string) => Promise<unknown>,
): Promise<CliResult> => {
  await eventually(async () => (await listed())?.state).toBe(state);
  await act((await listed())?.workflowId ?? '');
  return running;
};

describe('join', () => {
  test('watches to the end: exit code 0, one line per change', async () => {
    const joining = watched(['join', 'w1', '-f', file, '--by', 'ann']);
    const { code, out } = await meanwhile(joining.result, 'running', async (id) => {
      await joining.said('read the host: running');
      await it.play(id, {
        steps: [{ id: 'read', title: 'read the host', state: 'done', note: 'it is empty' }],
        outcome: 'finished',
        summary: 'w1 is a worker',
      });
    });
    expect(out.replaceAll(/\d\d:\d\d:\d\d/g, 'TIME').replaceAll(/[0-9a-f]{8}\b/g, 'KEY')).toBe(
      [
        `TIME join w1 as a worker of cli-KEY (cli-KEY/join-worker/w1/KEY)`,
        'TIME read the host: running',
        'TIME read the host: done: it is empty',
        'Done: w1 is a worker',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
    expect((await listed())?.by).toBe('ann');
  });

  test.each([
    ['failed', 1],
    ['rolled-back', 5],
    ['aborted', 5],
  ] as const)('that ends as %s has exit code %d', async (outcome, code) => {
    const running = quorate('join', 'w1', '-f', file, '-o', 'json');
    const result = await meanwhile(running, 'running', (id) => it.play(id, { outcome, summary: 'because' }));
    const view = JSON.parse(result.out) as OperationView;
    expect(view.summary).toMatchObject({ state: outcome, cluster, kind: 'join-worker', host: 'w1' });
    expect(view.progress?.summary).toBe('because');
    expect(result.code).toBe(code);
  });

  test('that is blocked says why and what to do, exit code 3; a decision goes on with it', async () => {
    const joining = quorate('join', 'w1', '-f', file);
    const blocked = await meanwhile(joining, 'running', (id) => it.play(id, { blocked: blockedByDirtyHost }));
    expect(blocked.code).toBe(3);
    const { operation = '' } = (await listed()) ?? {};
    for (const text of [
      'Blocked: DirtyHost',
      blockedByDirtyHost.message,
      ...blockedByDirtyHost.evidence,
      blockedByDirtyHost.remedy,
      `quorate decide ${operation} approve --about 1 `,
    ]) {
      expect(blocked.out).toContain(text);
    }

    const shown = await quorate('operations', 'show', `${cluster}/join-worker/w1`);
    expect(shown.out).toContain(`quorate decide ${operation} approve --about 1 `);
    expect((await quorate('operations', 'list', '--blocked', '--cluster', cluster)).out).toContain('DirtyHost');
    const again = await quorate('operations', 'watch', cluster);
    expect(again.code).toBe(3);

    const refused = await quorate('decide', 'nosuch/join-worker/w1', 'approve');
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('No operation is called') as unknown });

    // R6: of a question that was read before, and is not the open one.
    const other = await quorate('decide', operation, 'approve', '--about', '2');
    expect(other).toMatchObject({
      code: 1,
      err: expect.stringContaining('waits for something else by now') as unknown,
    });

    const words = ['--about', '1', '--by', 'ann', '--reason', 'ours'];
    const deciding = quorate('decide', `${cluster}/join-worker/w1`, 'approve', ...words);
    const decided = await meanwhile(deciding, 'running', (id) =>
      it.play(id, { outcome: 'finished', summary: 'joined' }),
    );
    expect(decided).toMatchObject({
      code: 0,
      out: expect.stringContaining(`${operation}: approve accepted`) as unknown,
    });
    const after = await quorate('operations', 'show', operation);
    expect(after.out).toMatch(/Decision: approve by ann at \S+ \(ours\)/);
    expect(after.out).toContain('Done: joined');
    const late = await quorate('decide', operation, 'approve');
    expect(late).toMatchObject({ code: 1, err: expect.stringContaining('has ended (finished)') as unknown });
  });

  test('with --no-wait and a key is the same operation each time', async () => {
    const submit = () => quorate('join', 'w1', '-f', file, '--no-wait', '--key', 'job-7', '-o', 'json');
    const [first, second] = [await submit(), await submit()];
    expect(JSON.parse(first.out)).toEqual(JSON.parse(second.out));
    expect(first.code).toBe(0);
    expect((await it.client.list({ cluster })).operations).toHaveLength(1);
    const text = await quorate('join', 'cp2', '-f', file, '--no-wait');
    expect(text.out).toMatch(
      /^\S+\/join-control-plane\/cp2\/\S+ is in the queue of \S+\. Watch it with: quorate operations watch/,
    );
  });

  test('whose watch is interrupted goes on', async () => {
    const interrupt = new AbortController();
    const running = watched(['join', 'w1', '-f', file], { signal: interrupt.signal });
    const { code, err } = await meanwhile(running.result, 'running', async () => {
      await running.said('read the host: running');
      interrupt.abort();
    });
    expect(code).toBe(130);
    expect(err).toContain('The operation goes on. Watch it with: quorate operations watch');
    expect((await listed())?.state).toBe('running');
  });
});

test('on a terminal the block is drawn again in place', async () => {
  const running = watched(['join', 'w1', '-f', file], { columns: 60 });
  const { out } = await meanwhile(running.result, 'running', async (id) => {
    await running.said('\x1b[3A\x1b[J');
    await it.play(id, { outcome: 'finished', summary: 'joined' });
  });
  expect(out).toContain('\x1b[3A\x1b[J');
  expect(out.split('\x1b[J').at(-1)).toMatch(/read the host.*\nDone: joined\n$/);
  for (const line of out.replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, '').split('\n')) expect(line.length).toBeLessThan(60);
});

test('a watch through blocks says in the block why it waits, and goes on with it', async () => {
  await quorate('join', 'w1', '-f', file, '--no-wait');
  await eventually(async () => (await listed())?.state).toBe('running');
  const { workflowId = '', operation = '' } = (await listed()) ?? {};
  const args = ['operations', 'watch', '--through-blocks', operation];
  const live = watched(args, { columns: 100 });
  const plain = watched(args);
  const watching = 'whether the host answers over SSH';
  await it.play(workflowId, { blocked: { ...blockedByDirtyHost, type: 'Unreachable', watching } });
  for (const { said } of [live, plain]) {
    await said(blockedByDirtyHost.message);
    await said('Goes on by itself when the host answers over SSH.');
  }
  expect((await quorate('decide', operation, 'retry', '--no-wait', '--by', 'ann', '--reason', 'mended')).code).toBe(0);
  await plain.said('decision: retry by ann (mended)');
  await live.said('last decision: retry by ann');
  await it.play(workflowId, { outcome: 'finished', summary: 'joined' });
  const results = await Promise.all([live.result, plain.result]);
  for (const { out, code } of results) {
    expect(out).toMatch(/Done: joined\n$/);
    expect(code).toBe(0);
  }
  // What was said once is not said again, and the last frame says nothing of the block.
  expect(results[1].out.split(blockedByDirtyHost.message)).toHaveLength(2);
  expect(results[0].out.split('\x1b[J').at(-1)).not.toContain('Blocked');
});

test('a list has pages, and says how to see the next one', async () => {
  for (const host of ['cp1', 'cp2', 'cp3']) await quorate('join', host, '-f', file, '--no-wait');
  const first = await quorate('operations', 'list', '--cluster', cluster, '--limit', '2');
  const token = /--page-token (\S+)/.exec(first.err)?.[1] ?? '';
  expect(first.out.trimEnd().split('\n')).toHaveLength(3);
  const second = await quorate('operations', 'list', '--cluster', cluster, '--page-token', token);
  expect(second.out.trimEnd().split('\n')).toHaveLength(2);
  expect(second.err).toBe('');
  const spoilt = await quorate('operations', 'list', '--page-token', token);
  expect(spoilt).toMatchObject({
    code: 2,
    err: expect.stringContaining('The page token belongs to no such list.') as unknown,
  });
  const json = await quorate('operations', 'list', '--cluster', cluster, '--limit', '2', '-o', 'json');
  expect(JSON.parse(json.out)).toMatchObject({ nextPageToken: expect.any(String) as unknown });
  expect(json.err).toBe('');
});

test('cancel undoes what runs: what was asked for is exit code 0, the one who joined sees 5', async () => {
  const joining = quorate('join', 'w1', '-f', file);
  const joined = await meanwhile(joining, 'running', async () => {
    const { code, out } = await quorate('cancel', `${cluster}/join-worker/w1`, '--reason', 'wrong host');
    expect(out).toContain('cancel sent; it undoes what it did');
    expect(out).toContain('Cancelled: cancelled; nothing had to be undone');
    expect(code).toBe(0);
  });
  expect(joined.code).toBe(5);
});

test('init is an exclusive operation under its fixed id, and list says what waits for it', async () => {
  const first = JSON.parse((await quorate('init', 'cp1', '-f', file, '--no-wait', '-o', 'json')).out) as object;
  expect(first).toMatchObject({ workflowId: `change/${cluster}` });
  await eventually(async () => (await listed())?.state).toBe('running');
  await quorate('join', 'cp2', '-f', file, '--no-wait');
  const { out } = await quorate('operations', 'list', '--cluster', cluster);
  expect(out).toMatch(/^OPERATION +STATE +LOCK +BEGAN +TOOK +BY +STEP OR REASON$/m);
  expect(out).toMatch(/join-control-plane\/cp2\/\w+ +waiting +waits .* for \S+\/init\/cp1\//);
  expect(out).toMatch(/\/init\/cp1\/\w+ +running +holds /);
  const json = JSON.parse((await quorate('operations', 'list', '--cluster', cluster, '-o', 'json')).out) as {
    operations: { state: string }[];
  };
  expect(json.operations.map(({ state }) => state)).toContain('waiting');
});

test('status prints what is wrong first; exit code 1 when something is', async () => {
  const text = await quorate('status', '-f', file);
  expect(text.out).toContain('Problems:\n  ✗ the endpoint does not answer\n');
  expect(text.out).toContain('Endpoint 10.203.0.10:6443: not ok: connection refused');
  expect(text.code).toBe(1);
  const json = await quorate('status', '-f', file, '-o', 'json');
  expect(StatusReport.parse(JSON.parse(json.out))).toEqual(status);
});
