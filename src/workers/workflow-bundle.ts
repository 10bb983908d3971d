import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './temporal-server/folders.js';

/** The compiled `src/workflows/index`, or the TypeScript source when the program runs from sources. */
export const workflowsEntry = fileURLToPath(
  new URL(`../workflows/index${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

const require = createRequire(import.meta.url);

const hashFolder = async (hash: ReturnType<typeof createHash>, folder: string): Promise<void> => {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await hashFolder(hash, path);
    else if (/\.[jt]s$/.test(entry.name)) hash.update(entry.name).update(await readFile(path));
  }
};

/** Key of a bundle: its sources (workflows/ and the model/ beside it) and the SDK that bundles them. */
const bundleKey = async (entry: string): Promise<string> => {
  const hash = createHash('sha256').update(entry);
  hash.update(require('@temporalio/worker/package.json').version as string);
  await hashFolder(hash, dirname(entry));
  const model = fileURLToPath(new URL('../model', import.meta.url));
  await hashFolder(hash, model);
  return hash.digest('hex').slice(0, 16);
};

/** Bundles of earlier versions; another process may still use a recent one. */
const removeOld = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (Date.now() - (await stat(path)).mtimeMs > 30 * 86_400_000) await rm(path, { force: true });
  }
};

const exists = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).size > 0;
  } catch {
    return false;
  }
};

/**
 * The workflow code as one file for the worker's isolates. Bundling takes one to four seconds, so the result is kept
 * below the cache folder and made again only when a source changed.
 *
 * @param options.entry module that exports the workflow types; default the product's own.
 * @param options.folder where bundles are kept; default `$XDG_CACHE_HOME/quorate/workflows`.
 * @returns path of the bundle, for the worker's `workflowBundle: { codePath }`.
 */
export const workflowBundle = async (
  options: { entry?: string; folder?: string; say?: (line: string) => void } = {},
): Promise<{ codePath: string }> => {
  const entry = options.entry ?? workflowsEntry;
  const folder = options.folder ?? join(cacheFolder(), 'workflows');
  const codePath = join(folder, `${await bundleKey(entry)}.js`);
  if (await exists(codePath)) return { codePath };
  options.say?.('bundling the workflows (once after each change) ...');
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const quiet = () => {};
  const logger = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, logger });
  await mkdir(folder, { recursive: true });
  const partial = `${codePath}.${process.pid}`;
  try {
    await writeFile(partial, code);
    await rename(partial, codePath);
    await removeOld(folder);
  } finally {
    await rm(partial, { force: true });
  }
  return { codePath };
};
