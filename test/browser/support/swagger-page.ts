import type { Page } from 'playwright-core';

/** One operation on the page of the API, opened. */
export interface ApiOperation {
  /** Moves the window to what was sent and answered. */
  show(): Promise<void>;
  /** Fills in its parameters by name, and its body. */
  fill(parameters: Readonly<Record<string, string>>, body?: unknown): Promise<void>;
  /** Sends it, and answers what the page shows of the answer. */
  execute(): Promise<{ readonly status: string; readonly body: unknown }>;
}

/** Lets every request of the page carry that token. */
export const authorize = async (page: Page, token: string): Promise<void> => {
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const form = page.locator('.modal-ux');
  await form.locator('input').fill(token);
  await form.getByRole('button', { name: 'Apply credentials' }).click();
  await form.getByRole('button', { name: 'Close' }).click();
};

export const openOperation = async (page: Page, tag: string, operationId: string): Promise<ApiOperation> => {
  const block = page.locator(`#operations-${tag}-${operationId}`);
  const execute = block.locator('button.execute');
  if (!(await execute.isVisible())) await block.locator('.opblock-summary-control').click();
  await execute.waitFor();
  return {
    show: () => execute.evaluate((button: { scrollIntoView(): void }) => button.scrollIntoView()),
    fill: async (parameters, body) => {
      for (const [name, value] of Object.entries(parameters)) {
        const row = block.locator(`tr[data-param-name="${name}"]`);
        const select = row.locator('select');
        if ((await select.count()) > 0) await select.selectOption(value);
        else await row.locator('input').fill(value);
      }
      if (body !== undefined) await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
    },
    execute: async () => {
      const clear = block.locator('button.btn-clear');
      if (await clear.isVisible()) await clear.click();
      await execute.click();
      const answer = block.locator('.live-responses-table .response').first();
      await answer.waitFor();
      const status = (await answer.locator('.response-col_status').innerText()).trim().split(/\s/)[0] ?? '';
      const text = await answer.locator('.highlight-code pre, .highlight-code code').first().innerText();
      return { status, body: JSON.parse(text) as unknown };
    },
  };
};
