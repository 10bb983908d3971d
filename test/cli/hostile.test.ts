import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { OperationView } from '../../api/client/operation-view.js';
import { liveDisplay, plainDisplay } from '../../cli/display.js';
import { blockedLines, blockedText } from '../../cli/format/blocked.js';
import { endText, operationLines } from '../../cli/format/operation.js';
import { operationsTable } from '../../cli/format/operations-table.js';
import { planText } from '../../cli/format/plan.js';
import { nothingBlocked, retryTable } from '../../cli/format/retry.js';
import { statusText } from '../../cli/format/status.js';
import { guarded } from '../../cli/io.js';
import { reportError } from '../../cli/errors.js';
import { QuorateError } from '../../model/failures/failure.js';
import { OperatorError } from '../../model/failures/operator-error.js';
import { StatusReport } from '../../model/status/status.js';
import { createJsonLog } from '../../workers/log.js';
import { startApiServer, type ApiServer } from '../support/api-server.js';
import { at, blockedByUnreachable, operationView } from '../support/operation-views.js';
import { clusterYaml, runCli } from '../support/run-cli.js';
import { stubClient } from '../support/stub-client.js';

/** Clears the screen, sets the title, moves, turns the direction of writing, and forges a line. */
const attack = '\u001b[2J\u001b]0;x\u0007\u009b31m\u202e\u2066\u007f\r\n\u2028FORGED: all is well\b\0';
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Words that the program looks up, and times that it reckons with. */
const left =
  /^(state|kind|type|choices|action|since|at|expiresAt|endedAt|createdAt|severity|role|workflowId|question)$/;

/** The same with the attack at the end of every text that can come from outside. */
const hostile = <Value>(value: Value, key = ''): Value => {
  if (left.test(key)) return value;
  if (typeof value === 'string') return `${value}${attack}` as Value;
  if (Array.isArray(value)) return value.map((item: unknown) => hostile(item)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hostile(inner, name)])) as Value;
};

const requireTame = (text: string): void => {
  expect(text).toContain('FORGED');
  expect(text.replaceAll('\n', '')).not.toMatch(unseen);
  expect(text.split('\n').filter((line) => /^\s*FORGED/.test(line))).toEqual([]);
};

const view = (change: Parameters<typeof operationView>[0] = {}): OperationView =>
  hostile(
    operationView({
      activity: { type: 'runKubeadm', attempt: 3, lastLine: 'starting', lastFailure: 'no answer' },
      ...change,
      summary: { by: 'ann', waitsFor: 'another', message: 'it went', phase: 'reading', ...change.summary },
      progress: {
        plan: ['reset w2'],
        decisions: [{ action: 'retry', by: 'bob', reason: 'mended', at: at('13:54:00') }],
        summary: 'well',
        ...change.progress,
      },
    }),
  );
const blocked = view({ progress: { blocked: { ...blockedByUnreachable, notBy: 'ann' } } });
const now = Date.parse(at('13:55:00'));

const report = hostile({
  cluster: 'prod',
  host: 'cp3',
  at: at('13:52:00'),
  kind: 'join-control-plane' as const,
  findings: [
    { severity: 'warning' as const, code: 'Odd' as never, message: 'odd', remedy: 'look', evidence: ['seen'] },
  ],
  plan: ['read cp3'],
});

const status = hostile(
  StatusReport.parse({
    cluster: 'prod',
    at: at('13:52:00'),
    askedAt: 'cp1',
    apiServers: [{ host: 'cp1', address: '10.203.0.11', ready: false, because: 'down' }],
    endpoint: { address: '10.203.0.10:6443', ok: false, because: 'refused' },
    backends: [{ loadBalancer: 'lb1', name: 'cp1', address: '10.203.0.11', status: 'DOWN', lastCheck: 'L4CON' }],
    etcd: { voters: 1, quorum: 1, tolerates: 0, alarms: ['NOSPACE'], members: [] },
    leases: [{ name: 'kube-scheduler', holder: 'cp1', ageSeconds: 1 }],
    nodes: [],
    certificates: [{ host: 'cp1', name: 'apiserver', expiresAt: '2027-01-01T00:00:00Z', daysLeft: 9 }],
    problems: ['cp1 is down'],
  }),
);

describe('S14: nothing from outside steers a terminal or forges a line', () => {
  test.each<[string, () => string]>([
    ['an operation', () => operationLines(view(), { now, footing: true, blocked: true }).join('\n')],
    ['a narrow one', () => operationLines(view(), { now, columns: 140, rows: 9, footing: true }).join('\n')],
    ['a blocked one', () => operationLines(blocked, { now, footing: true, blocked: true }).join('\n')],
    ['why it is blocked', () => blockedText(blocked, now)],
    ['why, without details', () => blockedText({ summary: blocked.summary }, now)],
    ['an end', () => endText(view({ summary: { state: 'failed' } }))],
    ['an end without progress', () => endText({ summary: { ...view().summary, state: 'failed' } })],
    [
      'the table of operations',
      () =>
        operationsTable(
          (['running', 'waiting', 'blocked', 'failed'] as const).map((state) => ({
            ...view().summary,
            state,
            blockedReason: `Odd${attack}`,
          })),
          now,
        ),
    ],
    ['a plan', () => planText(report, `quorate join cp3${attack}`)],
    ['a status', () => statusText(status)],
    ['what is blocked by nothing', () => nothingBlocked({ cluster: `prod${attack}`, blockedBy: `Odd${attack}` })],
    [
      'a retry of many',
      () =>
        retryTable(
          hostile({
            dryRun: false,
            accepted: [{ operation: 'prod/join-worker/w2', blockedReason: 'Odd' }],
            refused: [{ operation: 'prod/join-worker/w3', blockedReason: 'Odd', because: 'late' }],
          }),
        ),
    ],
  ])('%s', (_, text) => {
    requireTame(text());
  });

  test('lines of a block that is drawn, which stay as many', () => {
    const lines = blockedLines(blocked, { now, columns: 200, evidence: 5 });
    const drawn = operationLines(blocked, { now, columns: 200, blocked: true });
    expect(drawn.length).toBeGreaterThanOrEqual(lines.length);
    expect(drawn.filter((line) => unseen.test(line))).toEqual([]);
  });

  const collect = () => {
    let text = '';
    const io = {
      env: {},
      out: (more: string) => void (text += more),
      err: (more: string) => void (text += more),
      signal: new AbortController().signal,
      columns: 400,
    };
    return { io, text: () => text };
  };

  test('a live view moves the cursor by its own sequences alone', () => {
    const { io, text } = collect();
    const display = liveDisplay(guarded(io), { blocked: true });
    display.show(view());
    display.show(blocked);
    display.close();
    // oxlint-disable-next-line no-control-regex
    const own = /\u001b\[\d+A\u001b\[J|\u001b\[(3[1236]|0)m/g;
    expect(text()).toMatch(own);
    requireTame(text().replaceAll(own, ''));
  });

  test('the lines of a watch in a pipe', () => {
    const { io, text } = collect();
    const display = plainDisplay(io);
    const { decisions, ...progress } = view().progress ?? { decisions: [] };
    display.show({ ...view(), progress: { ...progress, decisions: [] } as OperationView['progress'] });
    display.show({ ...view({ steps: [] }), progress: { ...progress, decisions } as OperationView['progress'] });
    display.close();
    requireTame(text());
  });

  test.each([
    new QuorateError('UnknownHost', `no host ${attack}`, { remedy: `add ${attack}`, evidence: [`saw ${attack}`] }),
    new OperatorError('bad-usage', `no ${attack}`, { remedy: `do ${attack}`, evidence: [`saw ${attack}`] }),
    new Error(`odd ${attack}`),
  ])('an error: %#', (error) => {
    for (const json of [false, true]) {
      const { io, text } = collect();
      reportError(error, guarded(io), json);
      requireTame(text());
      if (json) expect(text()).toContain('FORGED');
    }
  });

  test('a log', () => {
    const lines: string[] = [];
    const log = createJsonLog('info', (line) => lines.push(line));
    log.error({ by: `ann${attack}`, error: new Error(attack) }, `said ${attack}`);
    requireTame(lines.join(''));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ by: `ann${attack}` });
  });
});

test('S14: commands write through Io, which escapes, and by no other way', () => {
  const files = readdirSync('cli', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const writers = files.filter((name) =>
    /process\.std(out|err)|console\.|\{ stdout|writeSync/.test(readFileSync(join('cli', name), 'utf8')),
  );
  expect(writers.toSorted()).toEqual(['io.ts', 'process-output.ts']);
});

describe('S14: the whole command line, told hostile things by a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-hostile-'));
  const file = join(folder, 'cluster.yaml');
  writeFileSync(file, clusterYaml('prod'));
  let server: ApiServer;
  afterEach(() => server.stop());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const { summary } = view();
  const told = { ...summary, operation: 'prod/join-worker/w2/1f00aa11', cluster: 'prod', host: 'w2' };
  let client: ReturnType<typeof stubClient>;
  beforeAll(() => {
    client = stubClient({
      list: () => Promise.resolve({ operations: [told], notes: [`odd${attack}`] }),
      find: () => Promise.resolve(told),
      view: () => Promise.resolve({ ...blocked, summary: { ...blocked.summary, ...told, state: 'blocked' } }),
      watch: async function* () {
        yield await Promise.resolve({ ...view(), summary: { ...told, state: 'failed' } });
      },
      status: () => Promise.resolve(status),
      plan: () => Promise.resolve(report),
      decide: () => Promise.reject(new OperatorError('refused' as never, `no${attack}`, { remedy: `see${attack}` })),
    });
  });

  test.each([
    ['operations', 'list'],
    ['operations', 'show', 'prod/join-worker/w2'],
    ['operations', 'watch', 'prod/join-worker/w2'],
    ['status', '-f', file],
    ['plan', 'cp3', '-f', file],
    ['decide', 'prod/join-worker/w2', 'retry'],
    ['no such command', `x${attack}`],
    ['operations', 'show', `x${attack}`],
  ])('%s %s', async (...args) => {
    server = await startApiServer(client);
    const env = { QUORATE_SERVER: server.url };
    const outputs: readonly (readonly string[])[] = args[0]?.includes(' ') === true ? [[]] : [[], ['-o', 'json']];
    for (const output of outputs) {
      const { out, err } = await runCli([...args, ...output], { env });
      expect(`${out}${err}`.replaceAll('\n', '')).not.toMatch(unseen);
      expect(`${out}${err}`.split('\n').filter((line) => /^\s*FORGED/.test(line))).toEqual([]);
      expect(`${out}${err}`.length).toBeGreaterThan(10);
      if (output.length > 0 && out !== '' && args[1] !== 'watch') JSON.parse(out);
    }
  });
});
