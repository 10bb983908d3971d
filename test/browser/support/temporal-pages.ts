import type { FrameLocator, Locator, Page } from 'playwright-core';

/** Much of the UI is on its pages twice, once for small screens. */
const shown = (page: Page, testId: string): Locator => page.getByTestId(testId).filter({ visible: true });

const workflows = (address: string): string => `${address}/namespaces/default/workflows`;

/** The list of workflows, with a query typed into it as a person does. */
export const listByQuery = async (page: Page, address: string, query: string): Promise<void> => {
  await page.goto(workflows(address));
  const toggle = shown(page, 'toggle-manual-query');
  const input = shown(page, 'workflow-manual-search-input');
  await toggle.waitFor();
  // The UI remembers that it was open.
  if (!(await input.isVisible())) await toggle.click();
  await input.fill(query);
  await input.press('Enter');
};

/** The list of workflows at the address that a bookmark holds. */
export const listByBookmark = async (page: Page, address: string, query: string): Promise<void> => {
  await page.goto(`${workflows(address)}?query=${encodeURIComponent(query)}`);
};

/** Ids of the workflows that the list shows now. */
export const listed = async (page: Page): Promise<string[]> => {
  const ids = await page.locator('table tbody a[href*="/workflows/"]').filter({ hasText: '/' }).allInnerTexts();
  return [...new Set(ids)].toSorted();
};

/** Adds columns to the list, search attributes as well, and takes others away; the browser remembers it. */
export const chooseColumns = async (
  page: Page,
  { add, remove }: { add: readonly string[]; remove: readonly string[] },
): Promise<void> => {
  await page.locator('[data-track-intent="configure-columns"]').filter({ visible: true }).click();
  for (const name of remove) await shown(page, `orderable-list-item-${name}-remove-button`).click();
  for (const name of add) await shown(page, `orderable-list-item-${name}-add-button`).click();
  await page.getByRole('button', { name: 'Close' }).filter({ visible: true }).first().click();
};

/** Opens a workflow of the list, and there what Temporal calls its user metadata. */
export const openFromList = async (page: Page, workflowId: string): Promise<void> => {
  await page.getByRole('link', { name: workflowId, exact: true }).first().click();
  await openDetails(page);
};

export const openWorkflow = async (page: Page, address: string, workflowId: string): Promise<void> => {
  await page.goto(`${workflows(address)}/${encodeURIComponent(workflowId)}`);
  await openDetails(page);
};

const openDetails = async (page: Page): Promise<void> => {
  await shown(page, 'user-metadata-tab').click();
  await details(page).locator('h2').waitFor();
};

/** The page that Quorate writes, as the UI renders it. */
export const details = (page: Page): FrameLocator => page.frameLocator('#user-metadata-current-details');

/** Rows of the table below the heading of that name, cell by cell; without its head. */
export const tableBelow = async (page: Page, heading: string): Promise<string[][]> => {
  const rows = details(page).locator(`xpath=//h3[.="${heading}"]/following-sibling::table[1]/tbody/tr`);
  return (await rows.all()).reduce<Promise<string[][]>>(
    async (before, row) => [
      ...(await before),
      (await row.locator('td').allInnerTexts()).map((cell) => cell.replaceAll('\u00a0', ' ').trim()),
    ],
    Promise.resolve([]),
  );
};

/** What the update dialog shows, also why the update was refused. */
export const dialog = (page: Page): Locator => page.locator('dialog[open]').filter({ visible: true });

/**
 * Opens the dialog for updates, chooses one by its name and pastes its argument.
 * @returns what the UI says this update is for
 */
export const prepareUpdate = async (page: Page, name: string, argument: string): Promise<string> => {
  await page.getByRole('button', { name: 'More Actions' }).filter({ visible: true }).click();
  await shown(page, 'update-button').click();
  await shown(page, 'update-select-button').click();
  const option = page.getByRole('option', { name }).filter({ visible: true });
  const [, ...description] = (await option.innerText()).split('\n');
  await option.click();
  const editor = dialog(page).locator('.cm-content');
  await editor.click();
  // It remembers what was typed before.
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(argument);
  // The editor lays the JSON out anew when it is left, which moves the buttons below it.
  await editor.blur();
  return description.join(' ');
};

export const submitUpdate = async (page: Page): Promise<void> => {
  await dialog(page).getByTestId('confirm-modal-button').click();
};

export const leaveDialog = async (page: Page): Promise<void> => {
  await dialog(page).getByTestId('cancel-modal-button').click();
};
