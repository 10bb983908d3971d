import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { access, constants, mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../api/connection/user-folders.js';
import { runProgram } from './temporal-server/run-program.js';

/** The compiled `workflows/index`, or the TypeScript source when the program runs from sources. */
const workflowsEntry = fileURLToPath(
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

const bundler = new URL(`./bundle-workflows${extname(import.meta.url)}`, import.meta.url);

/** Key of a bundle: its sources (the entry's folder, workflows/ and model/), and what bundles them. */
const bundleKey = async (entry: string): Promise<string> => {
  const hash = createHash('sha256').update(entry);
  hash.update(require('@temporalio/worker/package.json').version as string);
  hash.update(await readFile(bundler));
  await hashFolder(hash, dirname(entry));
  for (const folder of ['../workflows', '../model'])
    await hashFolder(hash, fileURLToPath(new URL(folder, import.meta.url)));
  return hash.digest('hex').slice(0, 16);
};

/** Bundles of earlier versions; another process may still use a recent one. */
const removeOld = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (Date.now() - (await stat(path)).mtimeMs > 30 * 86_400_000) await rm(path, { force: true });
  }
};

/** The folder, or a new one of ours where it cannot be made, as in containers without a home. */
const writable = async (folder: string): Promise<string> => {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return folder;
  } catch {
    return mkdtemp(join(tmpdir(), 'quorate-workflows-'));
  }
};

const exists = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).size > 0;
  } catch {
    return false;
  }
};

/** Bundles in a process of its own, or in this one when it runs from TypeScript, which a plain Node.js cannot. */
const bundle = async (entry: string, target: string): Promise<void> => {
  const module = bundler.href;
  if (!module.endsWith('.js')) {
    const { bundleWorkflows } = await import('./bundle-workflows.js');
    return bundleWorkflows(entry, target);
  }
  const script =
    'const [module, entry, target] = process.argv.slice(1); await (await import(module)).bundleWorkflows(entry, target);';
  const result = await runProgram(process.execPath, ['--input-type=module', '-e', script, module, entry, target], {
    timeoutMs: 120_000,
  });
  if (result.code !== 0) throw new Error(`the workflows could not be bundled: ${result.stderr.trim()}`);
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
  const folder = await writable(options.folder ?? join(cacheFolder(), 'workflows'));
  const codePath = join(folder, `${await bundleKey(entry)}.js`);
  if (await exists(codePath)) return { codePath };
  options.say?.('bundling the workflows (once after each change) ...');
  const partial = `${codePath}.${process.pid}`;
  try {
    await bundle(entry, partial);
    await rename(partial, codePath);
    await removeOld(folder);
  } finally {
    await rm(partial, { force: true });
  }
  return { codePath };
};
