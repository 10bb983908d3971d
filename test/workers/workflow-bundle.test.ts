import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { workflowBundle } from '../../workers/workflow-bundle.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Below the repository, so that the bundler finds the SDK. */
const sourceFolder = (): string => {
  mkdirSync('test-artefacts', { recursive: true });
  const folder = mkdtempSync(resolve('test-artefacts', 'workflows-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

test('workflows are bundled once, and again when a source changed', async () => {
  const sources = sourceFolder();
  const folder = join(temporaryFolder(), 'cache');
  const entry = join(sources, 'index.ts');
  const said: string[] = [];
  const bundle = () => workflowBundle({ entry, folder, say: (line) => said.push(line) });

  writeFileSync(entry, `export { first } from './helper.js';`);
  writeFileSync(join(sources, 'helper.ts'), 'export const first = async (): Promise<number> => 41;');
  const { codePath } = await bundle();
  expect(readFileSync(codePath, 'utf8')).toContain('41');
  expect(await bundle()).toEqual({ codePath });
  expect(said).toHaveLength(1);

  utimesSync(codePath, new Date(0), new Date(0));
  writeFileSync(join(sources, 'helper.ts'), 'export const first = async (): Promise<number> => 42;');
  const changed = await bundle();
  expect(changed.codePath).not.toBe(codePath);
  expect(said).toHaveLength(2);
  // What nobody used for a month is gone.
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([changed.codePath]);
});

test('a folder that cannot be written is no obstacle', async () => {
  const entry = join(sourceFolder(), 'index.ts');
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  writeFileSync(entry, 'export const first = async (): Promise<number> => 41;');
  const { codePath } = await workflowBundle({ entry, folder: join(file, 'cache') });
  expect(readFileSync(codePath, 'utf8')).toContain('41');
});
