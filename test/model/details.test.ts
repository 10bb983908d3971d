import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderDetails } from '../../model/details.js';
import { failureTypes } from '../../model/failures/failure.js';
import { Decision, placeholders } from '../../model/messages.js';
import { StepState, decisionActions } from '../../model/progress.js';
import type { OperationProgress } from '../../model/progress.js';

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
  question: 3,
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
const cells = (row: string): string[] =>
  row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
const rows = (page: string): string[] => page.split('\n').filter((line) => line.startsWith('|'));
const steps = (page: string): string[][] =>
  rows(page.split('### Steps\n')[1] ?? '')
    .slice(2)
    .map(cells);
/** The page without what is inside of code blocks. */
const prose = (page: string): string => page.replaceAll(/^```\n[\s\S]*?\n```$/gm, '');
/** What a code block holds, by its place on the page. */
const blocks = (page: string): string[] => [...page.matchAll(/^```\n([\s\S]*?)\n```$/gm)].map(([, text = '']) => text);
const running = (overrides: Partial<OperationProgress['steps'][number]> = {}): OperationProgress['steps'][number] => ({
  id: 'join',
  title: 'kubeadm join on w2',
  state: 'running',
  since: '2026-01-05T13:55:00.000Z',
  ...overrides,
});

describe('the page of an operation', () => {
  test('while a step runs: which, since when, how long at most, and what the host printed last', () => {
    const page = renderDetails(
      progress({
        steps: [running({ budgetMs: 1_800_000 }), { id: 'prove', title: 'prove w2', state: 'pending' }],
        lastLine: '[preflight] Running pre-flight `checks`',
      }),
    );
    expect(page.split('\n\n').slice(0, 3)).toEqual([
      '## join w2 as a worker of prod',
      'Now: **kubeadm join on w2**, since 2026-01-05 13:55:00',
      "The host printed last: `[preflight] Running pre-flight 'checks'`",
    ]);
    expect(steps(page)).toEqual([
      ['`running`', '**kubeadm join on w2**, since 13:55:00, at most 30 min'],
      ['`next`', 'prove w2'],
    ]);
    expect(page).toMatch(/\n\nAsked for by ann@desk\. Operation `prod\/join-worker\/w2\/k1`\. Times are UTC\.$/);
  });

  test('done, next and what comes then, each with its time and what was seen', () => {
    const page = renderDetails(
      progress({
        steps: [
          { id: 'read', title: 'read w2', state: 'done', since: '2026-01-04T23:59:58.000Z', note: 'Debian 12' },
          { id: 'reset', title: 'reset w2', state: 'skipped', since: '2026-01-05T00:00:01.000Z', note: 'clean' },
          { id: 'a', title: 'prepare w2', state: 'failed', since: '2026-01-05T00:00:02.000Z', note: 'no kmod' },
          { id: 'b', title: 'join', state: 'pending' },
          { id: 'c', title: 'prove', state: 'pending' },
        ],
      }),
    );
    expect(steps(page)).toEqual([
      ['`done`', 'read w2 (2026-01-04 23:59:58): Debian 12'],
      ['`skipped`', 'reset w2 (2026-01-05 00:00:01): clean'],
      ['`failed`', '**prepare w2** (00:00:02): no kmod'],
      ['`next`', 'join'],
      ['`then`', 'prove'],
    ]);
  });

  test('init says what it makes', () => {
    expect(renderDetails(progress({ kind: 'init', host: 'cp1' }))).toMatch(/^## initialise prod on cp1\n/);
  });

  test('while it undoes', () => {
    const page = renderDetails(progress({ steps: [running({ state: 'undoing' })] }));
    expect(page).toContain('\n\nUndoing: **kubeadm join on w2**, since 2026-01-05 13:55:00\n\n');
    expect(steps(page)).toEqual([['`undoing`', '**kubeadm join on w2**, since 13:55:00']]);
  });

  test('blocked: reason, evidence, what to do, what each choice does, and how to send it', () => {
    const page = renderDetails(
      progress({
        blocked,
        steps: [
          { id: 'check', title: 'check w2', state: 'blocked', since: blocked.since, note: blocked.message },
          { id: 'reset', title: 'reset w2', state: 'pending' },
        ],
      }),
    );
    expect(page.split('\n\n')).toEqual([
      '## Blocked: DirtyHost',
      'join w2 as a worker of prod waits since **2026-01-05 13:52:10** at "check w2":',
      '**w2 still carries a node of another cluster**',
      'What was seen:',
      '- `kubelet.conf points to https://10.9.0.5:6443`\n- `34 packet-filter rules`',
      '### What to do',
      'approve the reset of w2. Runbook: DirtyHost.',
      [
        '| choice | what it does |',
        '| :-- | :-- |',
        '| `approve`\u00a0 | resets w2 and joins it |',
        '| `retry`\u00a0 | reads the world again |',
        '| `abort`\u00a0 | ends the operation; nothing was changed |',
      ].join('\n'),
      '### How to decide',
      expect.stringMatching(/\*\*More Actions\*\*, \*\*Send an Update\*\*: choose `decide`/) as unknown,
      expect.stringContaining('"approve"') as unknown,
      'On a command line:',
      '```\nquorate decide prod/join-worker/w2/k1 approve --about 3\n```',
      '### Steps',
      '| state | step |\n| :-- | :-- |\n| `blocked`\u00a0 | **check w2**, since 13:52:10 |\n| `next`\u00a0 | reset w2 |',
      'Asked for by ann@desk. Operation `prod/join-worker/w2/k1`. Times are UTC.',
    ]);
  });

  test('there is a line for each choice, and it is a decision once the placeholders are replaced, not before', () => {
    const lines = (
      blocks(renderDetails(progress({ blocked: { ...blocked, choices: [...decisionActions] } })))[0] ?? ''
    ).split('\n');
    expect(lines).toHaveLength(decisionActions.length);
    for (const [index, line] of lines.entries()) {
      expect(Decision.safeParse(JSON.parse(line)).error?.issues.map(({ message }) => message)).toEqual([
        `say who you are instead of ${placeholders.by}`,
        `say why instead of ${placeholders.reason}, or leave it empty`,
      ]);
      const replaced = line.replace(placeholders.by, 'ann').replace(placeholders.reason, 'an old host');
      expect(Decision.parse(JSON.parse(replaced))).toEqual({
        action: decisionActions[index],
        // R6: pasted later, it is no answer to another question.
        about: 3,
        by: 'ann',
        reason: 'an old host',
      });
    }
  });

  test('of an operation that older code began there is no number to name', () => {
    const { question: _none, ...older } = blocked;
    const page = renderDetails(progress({ blocked: older }));
    expect(page).not.toContain('about');
    expect(page).toContain('quorate decide prod/join-worker/w2/k1 approve\n');
  });

  test('what goes on by itself, what ends by itself, and who may not approve', () => {
    const page = renderDetails(
      progress({
        blocked: {
          ...blocked,
          watching: 'whether the host answers over SSH',
          expiresAt: '2026-01-06T13:52:10.000Z',
          notBy: 'ann@desk',
        },
      }),
    );
    expect(page).toContain(
      '\n\nQuorate looks by itself whether the host answers over SSH, and goes on (as `retry`) when',
    );
    expect(page).toContain('\n\nThe request ends by itself at **2026-01-06 13:52:10**: then it counts as `abort`.\n\n');
    expect(page).toContain('\n\n**ann@desk** asked for it and may not approve it: another person has to.\n\n');
    const other = renderDetails(progress({ blocked: { ...blocked, choices: ['retry', 'abort'], notBy: 'ann@desk' } }));
    expect(other).not.toContain('may not approve');
    expect(renderDetails(progress({ blocked }))).not.toMatch(/by itself|may not approve/);
  });

  test('the plan, line by line, and every decision with who, when and why', () => {
    const page = renderDetails(
      progress({
        steps: [
          { id: 'check', title: 'check', state: 'done', since: '2026-01-05T13:52:02.000Z', note: 'reset w2; join w2' },
        ],
        plan: ['reset w2', 'join w2', 'note: the clock is 2 s off'],
        decisions: [
          { action: 'approve', by: 'ann', reason: 'old test host', at: '2026-01-05T13:53:00.000Z' },
          { action: 'retry', by: 'bob', reason: '', at: '2026-01-05T13:54:00.000Z' },
        ],
      }),
    );
    expect(page).toContain('### Plan\n\n1. reset w2\n2. join w2\n3. note: the clock is 2 s off\n\n');
    expect(page).toContain(
      '### Decisions\n\n- `approve` by **ann**, 2026-01-05 13:53:00: old test host\n- `retry` by **bob**, 13:54:00\n\n',
    );
    // What the check says is the plan itself.
    expect(steps(page)).toEqual([['`done`', 'check (2026-01-05 13:52:02): the plan is below']]);
  });

  test('a plan that waits for an approval stands on the page once', () => {
    const plan = ['reset w2', 'join w2'];
    const page = renderDetails(progress({ plan, blocked: { ...blocked, type: 'PlanNeedsApproval', evidence: plan } }));
    expect(page.match(/`join w2`/g)).toHaveLength(1);
    expect(page).toContain('The plan:\n\n- `reset w2`\n- `join w2`\n\n');
  });

  test('after the end: how it ended, what was not begun, and no last line any more', () => {
    const page = renderDetails(progress({ outcome: 'rolled-back', summary: 'rolled back by ann', lastLine: 'x' }));
    expect(page).toMatch(/^## Rolled back: join w2 as a worker of prod\n\n\*\*rolled back by ann\*\*\n\n### Steps\n/);
    expect(page).not.toContain('printed last');
    expect(steps(page).map(([state]) => state)).toEqual(['`done`', '`not begun`']);
  });

  test('every state of a step has its own word', () => {
    const words = StepState.options.map(
      (state) => steps(renderDetails(progress({ steps: [{ id: 'a', title: 'a', state }] })))[0]?.[0],
    );
    expect(new Set(words).size).toBe(StepState.options.length);
    for (const word of words) expect(word).toMatch(/^`[a-z]+`$/);
  });

  test('code between backticks stays code, everything else is text', () => {
    const page = renderDetails(
      progress({
        blocked: {
          ...blocked,
          remedy: 'run `kubectl get <node>` | then *wait* for snake_case and _x_',
          message: '<img src=x> [a](b)',
        },
      }),
    );
    expect(page).toContain(
      String.raw`run ` + '`kubectl get <node>`' + String.raw` \| then \*wait\* for snake_case and \_x\_. Runbook`,
    );
    expect(page).toContain(String.raw`**\<img src=x> [a]\(b)**`);
  });

  const awkward = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'a | b',
      'one\ntwo',
      '- item',
      'x\n- item\n- item',
      '```',
      '`tick`',
      '|',
      '\r\n',
      '# title',
      '<b>',
      '`<b>',
    ),
    fc
      .array(fc.constantFrom('|', '\n', '- ', '`', '```', 'text', '\\', '\r\n', '# ', '<i>', '**', '\u2028'), {
        maxLength: 8,
      })
      .map((p) => p.join('')),
  );

  test('whatever hosts and people say: tables stay tables, nothing becomes a heading, a list or HTML, code blocks close', () => {
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
          consequence: awkward,
          evidence: fc.array(awkward, { maxLength: 3 }),
          type: fc.constantFrom(...failureTypes),
        }),
        ({ consequence, ...texts }) => {
          const page = renderDetails(
            progress({
              by: texts.by,
              steps: [{ id: 'a', title: texts.title, state: 'blocked', note: texts.note }],
              plan: [texts.planned],
              lastLine: texts.lastLine,
              decisions: [{ action: 'retry', by: texts.by, reason: texts.reason, at: '2026-01-05T13:54:00.000Z' }],
              blocked: { ...blocked, ...texts, consequences: { retry: consequence } },
            }),
          );
          const outside = prose(page);
          expect(rows(outside)).toHaveLength(2 + 3 + 2 + 1);
          for (const row of rows(outside)) expect(cells(row)).toHaveLength(2);
          const lists = outside.match(/^\s*([-*+]|\d+\.) .*/gm) ?? [];
          const ofPlan = texts.type === 'PlanNeedsApproval' ? 0 : 1;
          expect(lists.length).toBe(texts.evidence.length + ofPlan + 1);
          expect(outside.match(/^#/gm)).toHaveLength(1 + 3 + ofPlan + 1);
          expect(blocks(page)).toHaveLength(2);
          // Outside of code no tag begins.
          expect(outside.replaceAll(/`[^`\n]*`/g, '')).not.toMatch(/(?<!\\)</);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('however long the texts are, the page stays short enough for the address the UI puts it into', () => {
    const long = 'ü|*'.repeat(50_000);
    const page = renderDetails(
      progress({
        steps: Array.from({ length: 12 }, (_, id) => ({ id: String(id), title: long, state: 'done', note: long })),
        plan: Array.from({ length: 12 }, () => long),
        blocked: { ...blocked, message: long, remedy: long, evidence: Array.from({ length: 20 }, () => long) },
      }),
    );
    expect(encodeURIComponent(page).length).toBeLessThan(512 * 1024);
  });
});
