import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { names } from '../../model/messages.js';
import type { OperationContext } from '../../model/operation.js';
import { ended, progressOf, workflowIdOf } from '../support/workflow-harness.js';
import { openBrowser } from './support/browser.js';
import type { Browser } from './support/browser.js';
import { playScene } from './support/scene.js';
import type { Scene } from './support/scene.js';
import {
  chooseColumns,
  details,
  dialog,
  leaveDialog,
  listByBookmark,
  listByQuery,
  listed,
  openFromList,
  openWorkflow,
  prepareUpdate,
  submitUpdate,
  tableBelow,
} from './support/temporal-pages.js';
import { startTemporalUi } from './support/temporal-ui.js';
import type { TemporalUi } from './support/temporal-ui.js';

let ui: TemporalUi;
let scene: Scene;
let browser: Browser;
beforeAll(async () => {
  ui = await startTemporalUi();
  scene = await playScene(ui.harness);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await ui?.close();
});

const handleOf = (context: OperationContext) => ui.harness.client.workflow.getHandle(workflowIdOf(context));
const page = () => browser.page;
const textOf = (): Promise<string> => details(page()).locator('main').innerText();
const codeBlocks = (): Promise<string[]> => details(page()).locator('pre').allInnerTexts();
const onPage = (ask: () => Promise<unknown>) => expect.poll(ask, { timeout: 30_000, interval: 200 });

/** The line of the page for that choice, with the placeholders replaced. */
const updateFor = async (action: string, by: string, reason: string): Promise<string> => {
  const [updates = ''] = await codeBlocks();
  const line = updates.split('\n').find((candidate) => candidate.includes(`"${action}"`)) ?? '';
  return line.replace('YOUR NAME', by).replace('WHY', reason);
};

describe('an operator who knows only the Temporal UI', () => {
  test('finds what waits, by its reason', async () => {
    await listByBookmark(page(), ui.address, 'QuorateBlocked = true');
    const waiting = [scene.dirty, scene.unreachable, scene.planned].map(workflowIdOf).toSorted();
    await onPage(() => listed(page())).toEqual(waiting);
    await chooseColumns(page(), {
      remove: ['Run ID', 'Type', 'End'],
      add: ['QuorateBlockedReason', 'QuorateHost', 'QuoratePhase'],
    });
    await onPage(() => page().locator('table tbody').innerText()).toMatch(/DirtyHost\s+w2\s+check/);
    await browser.picture('1-everything-that-waits');
    await browser.picture('for-docs-list', { of: page().locator('main') });

    await listByQuery(page(), ui.address, "QuorateBlockedReason = 'DirtyHost'");
    await onPage(() => listed(page())).toEqual([workflowIdOf(scene.dirty)]);
    await browser.picture('2-by-reason');
  });

  test('every query of docs/temporal-ui.md finds what it says', async () => {
    const text = readFileSync(new URL('../../docs/temporal-ui.md', import.meta.url), 'utf8');
    const queries = [...text.matchAll(/^\| [^|]+ \| `(Quorate[^`]+)` \|$/gm)].map(([, query = '']) => query);
    const found = await queries.reduce<Promise<string[][]>>(async (before, query) => {
      const all = await before;
      await listByBookmark(page(), ui.address, query);
      await page().getByTestId('workflow-count').waitFor();
      await onPage(async () => (await listed(page())).length).toBeGreaterThan(0);
      return [...all, await listed(page())];
    }, Promise.resolve([]));
    const { dirty, unreachable, planned, running, finished } = scene;
    const ids = (...contexts: OperationContext[]): string[] => contexts.map(workflowIdOf).toSorted();
    expect(found).toEqual([
      ids(dirty, unreachable, planned),
      ids(unreachable),
      ids(planned),
      ids(dirty, unreachable),
      ids(dirty, finished),
      ids(running),
      ids(dirty, unreachable, planned, running),
      ids(finished),
    ]);
  });

  test('reads why it waits, what was seen, what each choice does, and what to send', async () => {
    await listByBookmark(page(), ui.address, "QuorateBlockedReason = 'DirtyHost'");
    await openFromList(page(), workflowIdOf(scene.dirty));
    await browser.picture('3-blocked');
    expect(await details(page()).locator('h2').innerText()).toBe('Blocked: DirtyHost');
    const text = await textOf();
    expect(text).toMatch(/^join w2 as a worker of prod waits since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d at .check w2/m);
    expect(text).toContain('w2 still carries a node of another cluster');
    expect(await details(page()).locator('li').allInnerTexts()).toContain('found: 34 packet-filter rules');
    expect(text).toContain('approve a reset of w2, or abort and take it out of the specification.');
    expect(await tableBelow(page(), 'What to do')).toEqual([
      ['approve', expect.stringMatching(/^resets the host, deletes what is listed above/) as unknown],
      ['retry', expect.stringMatching(/^goes on from .read w2/) as unknown],
      ['abort', 'ends the operation; nothing was changed'],
    ]);
    expect(text).toMatch(/^The request ends by itself at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: then it counts as abort\.$/m);
    expect(await codeBlocks()).toEqual([
      ['approve', 'retry', 'abort']
        .map((action) => `{"action": "${action}", "about": 1, "by": "YOUR NAME", "reason": "WHY"}\n`)
        .join(''),
      'quorate decide prod/join-worker/w2/1f00aa11 approve --about 1\n',
    ]);
    const steps = await tableBelow(page(), 'Steps');
    expect(steps.map(([state]) => state)).toEqual([
      'done',
      'blocked',
      'next',
      ...Array.from({ length: 8 }, () => 'then'),
    ]);
    await browser.picture('4-blocked-whole', { whole: true });
    await browser.picture('for-docs-blocked', { whole: true, of: page().locator('#user-metadata-current-details') });
  });

  test('is told, in the dialog, why a decision that makes no sense is refused', async () => {
    const refused: readonly (readonly [argument: string, why: string | RegExp])[] = [
      [
        '{"action": "skip", "by": "bob", "reason": ""}',
        /^"skip" makes no sense while .* choose one of: approve, retry, abort$/m,
      ],
      [
        await updateFor('approve', 'YOUR NAME', 'WHY'),
        /by: say who you are instead of YOUR NAME; reason: say why instead of WHY/,
      ],
      ['{"action": "approve"}', /^not a decision \(by: /m],
      ['"approve"', /^not a decision \(/m],
    ];
    for (const [argument, why] of refused) {
      await prepareUpdate(page(), 'decide', argument);
      await submitUpdate(page());
      await onPage(() => dialog(page()).innerText()).toMatch(why);
      // Where in the program it was refused says nothing to an operator.
      expect(await dialog(page()).innerText()).not.toContain('.ts:');
      if (argument.includes('skip')) await browser.picture('5-refused');
      await leaveDialog(page());
    }
    expect((await progressOf(handleOf(scene.dirty))).decisions).toEqual([]);
  });

  test('decides with the line of the page, and sees the operation go on, end, and who decided', async () => {
    const update = await updateFor('approve', 'bob', 'an old test node');
    const description = await prepareUpdate(page(), names.updates.decide, update);
    expect(description).toMatch(/^Decides how a blocked operation goes on; .*"action": "retry \| skip/);
    await browser.picture('6-decision');
    await submitUpdate(page());
    await onPage(() => dialog(page()).count()).toBe(0);
    expect(await ended(handleOf(scene.dirty))).toMatchObject({ status: 'completed' });

    await onPage(async () => {
      await openWorkflow(page(), ui.address, workflowIdOf(scene.dirty));
      return details(page()).locator('h2').innerText();
    }).toBe('Finished: join w2 as a worker of prod');
    await browser.picture('7-finished', { whole: true });
    expect(await textOf()).toMatch(/^approve by bob, [\d: -]+: an old test node$/m);
    const steps = await tableBelow(page(), 'Steps');
    // The cluster has its name, nothing ran on the host, and no Node was left of it.
    const skipped = ['skipped', 'skipped', 'skipped'];
    expect(steps.map(([state]) => state)).toEqual([
      'done',
      'done',
      ...skipped,
      ...Array.from({ length: 6 }, () => 'done'),
    ]);
    const { decisions } = await progressOf(handleOf(scene.dirty));
    expect(decisions).toMatchObject([{ action: 'approve', by: 'bob', reason: 'an old test node' }]);

    await listByBookmark(page(), ui.address, "QuorateBlocked = true AND QuorateCluster = 'prod'");
    await onPage(() => listed(page())).toEqual([workflowIdOf(scene.unreachable)]);
  });

  test('reads what goes on by itself, what a rollback would undo, and what was done so far', async () => {
    await openWorkflow(page(), ui.address, workflowIdOf(scene.unreachable));
    const text = await textOf();
    expect(text).toContain('Blocked: Unreachable');
    expect(text).toContain('Quorate looks by itself whether the host answers over SSH, and goes on (as retry)');
    const choices = await tableBelow(page(), 'What to do');
    expect(choices.map(([choice]) => choice)).toEqual(['retry', 'rollback', 'abort']);
    expect(choices[1]?.[1]).toContain('take the backend cp3 out of the load balancer');
    const states = (await tableBelow(page(), 'Steps')).map(([state]) => state);
    expect(states.slice(-4)).toEqual(['blocked', 'next', 'then', 'then']);
    expect(await details(page()).locator('ol li').allInnerTexts()).toContain('snapshot etcd on cp1, keep 5');
    await browser.picture('8-goes-on-by-itself', { whole: true });
  });

  test('reads the plan that waits for another person, and may not approve in the name of who asked', async () => {
    await openWorkflow(page(), ui.address, workflowIdOf(scene.planned));
    expect(await textOf()).toContain('ann@desk asked for it and may not approve it: another person has to.');
    await browser.picture('9-plan', { whole: true });
    await prepareUpdate(page(), 'decide', await updateFor('approve', 'ann@desk', 'looks right'));
    await submitUpdate(page());
    await onPage(() => dialog(page()).innerText()).toMatch(/another person has to approve it$/m);
    await leaveDialog(page());
    await prepareUpdate(page(), 'decide', await updateFor('approve', 'carol', 'looks right'));
    await submitUpdate(page());
    expect(await ended(handleOf(scene.planned))).toMatchObject({ status: 'completed' });
  });

  test('sees a running operation: what it does since when, and what the host printed last', async () => {
    await openWorkflow(page(), ui.address, workflowIdOf(scene.running));
    const text = await textOf();
    expect(text).toMatch(/^Now: kubeadm join on w3, since \d{4}-/m);
    expect(text).toContain('The host printed last: kubeadm waits for the kubelet to bootstrap');
    expect((await tableBelow(page(), 'Steps')).map(([state]) => state)).toEqual([
      'done',
      'done',
      'skipped',
      'skipped',
      'skipped',
      'skipped',
      'done',
      'done',
      'running',
      'next',
      'then',
    ]);
    await browser.picture('10-running', { whole: true });
    await prepareUpdate(page(), 'decide', '{"action": "retry", "by": "bob", "reason": ""}');
    await submitUpdate(page());
    await onPage(() => dialog(page()).innerText()).toMatch(
      /is running and waits for nobody; there is nothing to decide$/m,
    );
    await leaveDialog(page());
    scene.kubeadm.open();
    await ended(handleOf(scene.running));
  });

  test('sees the queue of a cluster', async () => {
    await openWorkflow(page(), ui.address, 'cluster/staging');
    expect(await textOf()).toContain(scene.finished.operation);
    await browser.picture('11-queue', { whole: true });
  });
});

test('S9: the pages of Quorate and of the UI make the browser ask nobody else', () => {
  const hosts = new Set(browser.outside.map((address) => new URL(address).hostname));
  expect([...hosts]).toEqual([]);
});
