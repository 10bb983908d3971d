import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createQuorateClient } from '../../api/client/temporal-client.js';
import { startApiServer } from '../support/api-server.js';
import type { ApiServer } from '../support/api-server.js';
import { ended, workflowIdOf } from '../support/workflow-harness.js';
import { openBrowser } from './support/browser.js';
import type { Browser } from './support/browser.js';
import { playScene } from './support/scene.js';
import type { Scene } from './support/scene.js';
import { authorize, openOperation } from './support/swagger-page.js';
import { startTemporalUi } from './support/temporal-ui.js';
import type { TemporalUi } from './support/temporal-ui.js';

let ui: TemporalUi;
let scene: Scene;
let api: ApiServer;
let browser: Browser;
/** What the browser itself complains about, such as a script that the page may not run. */
const complaints: string[] = [];
beforeAll(async () => {
  ui = await startTemporalUi();
  scene = await playScene(ui.harness);
  api = await startApiServer(createQuorateClient(ui.harness.client, ui.harness.taskQueue));
  browser = await openBrowser();
  browser.page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  browser.page.on('pageerror', (error) => complaints.push(error.message));
  await browser.page.goto(`${api.url}/docs`);
});
afterAll(async () => {
  await browser?.close();
  await api?.stop();
  await ui?.close();
});

const page = () => browser.page;
const pathOf = ({ operation }: { operation: string }): Record<string, string> => {
  const [cluster = '', kind = '', host = '', key = ''] = operation.split('/');
  return { cluster, kind, host, key };
};

describe('the page of the API', () => {
  test('lists every operation of the document, by method and path', async () => {
    const document = (await (await fetch(`${api.url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { summary: string }>>;
    };
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary }]) => `${method.toUpperCase()} ${path} ${summary}`),
    );
    expect(documented.length).toBeGreaterThan(10);
    const blocks = page().locator('.opblock');
    await expect.poll(() => blocks.count(), { timeout: 30_000 }).toBe(documented.length);
    const shown = await Promise.all(
      (await blocks.all()).map(async (block) => {
        const [method, path, summary] = await Promise.all(
          ['.opblock-summary-method', '.opblock-summary-path', '.opblock-summary-description'].map((part) =>
            block.locator(part).innerText(),
          ),
        );
        // Long paths may break at zero-width spaces.
        return `${method} ${path?.replaceAll('\u200b', '')} ${summary}`;
      }),
    );
    expect(shown.toSorted()).toEqual(documented.toSorted());
    await browser.picture('12-api', { whole: true });
  });

  test('finds what is blocked by a reason, shows why, decides, and shows that it goes on', async () => {
    const list = await openOperation(page(), 'operations', 'listOperations');
    // The page fills in the examples of the document.
    await list.fill({ cluster: '', host: '', blockedBy: 'DirtyHost' });
    expect(await list.execute()).toMatchObject({
      status: '200',
      body: { operations: [{ operation: scene.dirty.operation, state: 'blocked' }] },
    });
    await list.show();
    await browser.picture('13-api-blocked');

    const show = await openOperation(page(), 'operations', 'getOperation');
    await show.fill(pathOf(scene.dirty));
    expect(await show.execute()).toMatchObject({
      status: '200',
      body: { progress: { blocked: { type: 'DirtyHost', choices: ['approve', 'retry', 'abort'] } } },
    });

    const decide = await openOperation(page(), 'operations', 'decideOperation');
    await decide.fill(pathOf(scene.dirty), { action: 'skip', reason: '', by: 'bob' });
    expect(await decide.execute()).toMatchObject({
      status: '409',
      body: { detail: expect.stringContaining('choose one of: approve, retry, abort') as unknown },
    });
    await decide.show();
    await browser.picture('14-api-refused');
    await decide.fill({}, { action: 'approve', reason: 'an old test node', by: 'bob' });
    expect(await decide.execute()).toEqual({
      status: '200',
      body: { operation: scene.dirty.operation, action: 'approve' },
    });
    await decide.show();
    await browser.picture('15-api-decided');

    await ended(ui.harness.client.workflow.getHandle(workflowIdOf(scene.dirty)));
    expect(await show.execute()).toMatchObject({
      body: {
        summary: { state: 'finished' },
        progress: { decisions: [{ action: 'approve', by: 'bob', reason: 'an old test node' }] },
      },
    });
  });

  test('asks with the token that was given to it, and shows what it may not do', async () => {
    const operator = await api.token('operator', 'prod');
    const show = await openOperation(page(), 'operations', 'getOperation');
    await show.fill(pathOf(scene.unreachable));
    await expect.poll(async () => (await show.execute()).status, { timeout: 20_000 }).toBe('401');
    await authorize(page(), operator);
    expect((await show.execute()).status).toBe('200');
    await show.fill(pathOf(scene.planned));
    expect((await show.execute()).status).toBe('403');
  });

  test('comes from this server alone, and the browser has nothing to complain about', async () => {
    expect(browser.outside).toEqual([]);
    // Answers that are no success are told by the browser, too.
    expect(complaints.filter((text) => !/the server responded with a status of 4\d\d/.test(text))).toEqual([]);
  });
});
