import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A text of a source file, and what stands in its place while the product is broken. */
export interface Edit {
  /** Below the root of the repository. */
  readonly file: string;
  readonly replace: string;
  readonly by: string;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Inside the checkout, so that packages are found as ever; git, lint and the other runs of vitest do not look there. */
const folder = join(root, 'test-artefacts', 'mutations');

const parts = [
  'activities',
  'adapters',
  'api',
  'cli',
  'model',
  'workers',
  'workflows',
  'lab',
  'scripts',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'vitest.simulation.config.ts',
];

/** What tests are run in: the checkout itself is never changed. */
export interface Copy {
  readonly folder: string;
  /**
   * The source of all files as edited, for as long as `during` takes.
   * @throws Error when a text is not in its file exactly once: the code has moved on, and the edit would break something
   *   else or nothing.
   */
  edited<Result>(edits: readonly Edit[], during: () => Promise<Result>): Promise<Result>;
  remove(): void;
}

const applied = (text: string, { file, replace, by }: Edit): string => {
  const found = text.split(replace).length - 1;
  if (found !== 1)
    throw new Error(
      `${file} has this text ${found} times, not once: correct the mutation in test/mutations/catalogue.ts\n${replace}`,
    );
  return text.replace(replace, () => by);
};

export const makeCopy = (): Copy => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
  return {
    folder,
    edited: async (edits, during) => {
      const files = [...new Set(edits.map(({ file }) => file))];
      const before = files.map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const);
      const after = before.map(
        ([file, text]) => [file, edits.filter((edit) => edit.file === file).reduce(applied, text)] as const,
      );
      try {
        for (const [file, text] of after) writeFileSync(join(folder, file), text);
        return await during();
      } finally {
        for (const [file, text] of before) writeFileSync(join(folder, file), text);
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
