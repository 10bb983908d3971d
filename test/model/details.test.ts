import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderDetails, renderQueue } from '../../src/model/details.js';
import { failureTypes } from '../../src/model/failure.js';
import type { ClusterQueue } from '../../src/model/messages.js';
import { StepState, decisionActions, operationOutcomes } from '../../src/model/progress.js';
import type { OperationProgress } from '../../src/model/progress.js';

const progress = (overrides: Partial<OperationProgress> = {}): OperationProgress => ({
  revision: 1,
  operation: 'prod/join-worker/w2/k1',
  kind: 'join-worker',
  cluster: 'prod',
  host: 'w2',
  by: 'ann@desk',
  steps: [
    { id: 'read', title: 'read w2', state: 'done', since: '2026-01-05T13:52:02.000Z', note: 'Debian 12' },
    { id: 'reset', title: 'reset w2', state: 'pending' },
  ],
  plan: [],
  decisions: [],
  ...overrides,
});

const blocked: NonNullable<OperationProgress['blocked']> = {
  type: 'DirtyHost',
  step: 'check',
  message: 'w2 still carries a node of another cluster',
  remedy: 'approve the reset of w2',
  evidence: ['kubelet.conf points to https://10.9.0.5:6443', '34 packet-filter rules'],
  choices: ['approve', 'retry', 'abort'],
  consequences: {
    approve: 'resets w2 and joins it',
    retry: 'reads the world again',
    abort: 'ends the operation; nothing was changed',
  },
  since: '2026-01-05T13:52:10.000Z',
};

/** Cells of a row of a Markdown table: only pipes without a backslash divide. */
const cells = (row: string): string[] => row.split(/(?<!\\)\|/).slice(1, -1);
const rows = (page: string): string[] => page.split('\n').filter((line) => line.startsWith('|'));
/** The page without what is inside of code blocks. */
const prose = (page: string): string => page.replaceAll(/^```\n[\s\S]*?\n```$/gm, '');

describe('the page of an operation', () => {
  test('while a step runs: which, since when, and what the host printed last', () => {
    const page = renderDetails(
      progress({
        steps: [{ id: 'join', title: 'kubeadm join on w2', state: 'running', since: '2026-01-05T13:55:00.000Z' }],
        lastLine: '[preflight] Running pre-flight `checks`',
      }),
    );
    expect(page).toContain('## join-worker w2 (prod): kubeadm join on w2, since 13:55:00 UTC');
    expect(page).toContain("The host printed last: `[preflight] Running pre-flight 'checks'`");
    expect(page).toContain('| kubeadm join on w2 | **running** | 13:55:00 |  |');
    expect(page).toContain('Asked for by ann@desk. Operation `prod/join-worker/w2/k1`.');
  });

  test('blocked: reason, evidence, remedy, and the very update and command that go on', () => {
    const page = renderDetails(progress({ blocked }));
    expect(page).toMatch(/^## Blocked: DirtyHost \(w2 into prod, since 13:52:10 UTC\)/);
    expect(page).toContain('**w2 still carries a node of another cluster**');
    expect(page).toContain('```\nkubelet.conf points to https://10.9.0.5:6443\n34 packet-filter rules\n```');
    expect(page).toContain('**What to do:** approve the reset of w2');
    expect(page).toContain('send the update `decide` with `{"action": "approve", "by": "you", "reason": "..."}`');
    expect(page).toContain('run `quorate decide prod/join-worker/w2/k1 approve`');
    expect(page).toContain('Other choices: `retry`, `abort`.');
    expect(page).toContain('Runbook: DirtyHost.');
  });

  test('the update it tells to send is a valid decision', async () => {
    const { Decision } = await import('../../src/model/messages.js');
    for (const first of decisionActions) {
      const page = renderDetails(progress({ blocked: { ...blocked, choices: [first] } }));
      const sent: unknown = JSON.parse(/with `(\{.*?\})`/.exec(page)?.[1] ?? '');
      expect(Decision.parse(sent)).toMatchObject({ action: first });
    }
  });

  test('the plan and every decision with who and why', () => {
    const page = renderDetails(
      progress({
        plan: ['voters 2 -> 3', 'tolerates 0 -> 1'],
        decisions: [
          { action: 'approve', by: 'ann', reason: 'old test host', at: '2026-01-05T13:53:00.000Z' },
          { action: 'retry', by: 'bob', reason: '', at: '2026-01-05T13:54:00.000Z' },
        ],
      }),
    );
    expect(page).toContain('**Plan:** voters 2 -> 3; tolerates 0 -> 1.');
    expect(page).toContain('**Decisions:** approve by ann at 13:53:00 (old test host); retry by bob at 13:54:00.');
  });

  test('after the end: how it ended, and no last line any more', () => {
    const page = renderDetails(progress({ outcome: 'finished', summary: 'w2 is a worker of prod', lastLine: 'x' }));
    expect(page).toMatch(/^## finished: w2 is a worker of prod\n/);
    expect(page).not.toContain('printed last');
  });

  test('every state of a step has its own words', () => {
    const words = StepState.options.map((state) => {
      const page = renderDetails(progress({ steps: [{ id: 'a', title: 'a', state }] }));
      return cells(rows(page)[2] ?? '')[1]?.trim();
    });
    expect(new Set(words).size).toBe(StepState.options.length);
  });

  const awkward = fc.oneof(
    fc.string(),
    fc.constantFrom('a | b', 'one\ntwo', '- item', 'x\n- item\n- item', '```', '`tick`', '|', '\r\n', '# title'),
    fc
      .array(fc.constantFrom('|', '\n', '- ', '`', '```', 'text', '\\', '\r\n', '# '), { maxLength: 8 })
      .map((p) => p.join('')),
  );

  test('whatever hosts say: the table stays a table, nothing becomes a list or a heading, code blocks close', () => {
    fc.assert(
      fc.property(
        fc.record({
          note: awkward,
          title: awkward,
          lastLine: awkward,
          message: awkward,
          remedy: awkward,
          reason: awkward,
          by: awkward,
          planned: awkward,
          evidence: fc.array(awkward, { maxLength: 3 }),
          type: fc.constantFrom(...failureTypes),
        }),
        (texts) => {
          const page = renderDetails(
            progress({
              by: texts.by,
              steps: [{ id: 'a', title: texts.title, state: 'blocked', note: texts.note }],
              plan: [texts.planned],
              lastLine: texts.lastLine,
              decisions: [{ action: 'retry', by: texts.by, reason: texts.reason, at: '2026-01-05T13:54:00.000Z' }],
              blocked: { ...blocked, ...texts },
            }),
          );
          const outside = prose(page);
          expect(rows(outside)).toHaveLength(3);
          for (const row of rows(outside)) expect(cells(row)).toHaveLength(4);
          expect(outside).not.toMatch(/^\s*[-*+] /m);
          expect(outside.match(/^#/gm)).toHaveLength(1);
          expect(page.match(/^```$/gm) ?? []).toHaveLength(texts.evidence.length === 0 ? 0 : 2);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the page of a queue', () => {
  const item = { kind: 'join-worker' as const, host: 'w2', by: 'ann@desk', since: '2026-01-05T13:52:10.000Z' };
  const queue: ClusterQueue = {
    cluster: 'prod',
    running: [{ ...item, operation: 'prod/join-worker/w1/k1', workflowId: 'op/prod/join-worker/w1' }],
    waiting: [{ ...item, operation: 'prod/join-worker/w1/k2', waitsFor: 'prod/join-worker/w1/k1 (same host)' }],
    ended: [
      { ...item, operation: 'prod/join-worker/w3/k1', workflowId: 'x', outcome: 'finished' },
      { ...item, operation: 'prod/join-worker/w4/k1', workflowId: 'x', outcome: 'failed', message: 'a | b\nc' },
    ],
  };

  test('what runs, what waits and for what, what ended (newest first)', () => {
    expect(renderQueue(queue)).toBe(
      [
        '## prod: 1 running, 1 waiting',
        '',
        '| operation | state | asked for by | since (UTC) |',
        '| --- | --- | --- | --- |',
        '| prod/join-worker/w1/k1 | **running** | ann@desk | 13:52:10 |',
        '| prod/join-worker/w1/k2 | waits for prod/join-worker/w1/k1 (same host) | ann@desk | 13:52:10 |',
        '| prod/join-worker/w4/k1 | failed: a \\| b c | ann@desk | 13:52:10 |',
        '| prod/join-worker/w3/k1 | finished | ann@desk | 13:52:10 |',
      ].join('\n'),
    );
  });

  test('no more than the last 20 of those that ended', () => {
    const ended = Array.from({ length: 50 }, (_, index) => ({
      ...item,
      operation: `prod/join-worker/w${index}/k`,
      workflowId: 'x',
      outcome: operationOutcomes[index % operationOutcomes.length] ?? 'finished',
    }));
    const page = renderQueue({ ...queue, running: [], waiting: [], ended });
    expect(rows(page)).toHaveLength(2 + 20);
    expect(page).toContain('w49');
    expect(page).not.toContain('w29/');
  });
});
