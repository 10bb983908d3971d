import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { numbersInSource } from './numbers.js';
import type { FailureNumber } from './numbers.js';

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** The file and what it imports from below `test/`, as scenarios that more than one place runs. */
const withImports = (file: string, seen: Set<string>): void => {
  if (seen.has(file)) return;
  seen.add(file);
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)\.js'/g)) {
    const imported = `${join(dirname(file), path)}.ts`;
    if (imported.startsWith('test/') && existsSync(imported)) withImports(imported, seen);
  }
};

/** What test files have a test of by its name, `F12: ...`. */
const numbersIn = (testFiles: readonly string[]): ReadonlySet<FailureNumber> => {
  const files = new Set<string>();
  for (const file of testFiles) withImports(file, files);
  return new Set([...files].flatMap((file) => numbersInSource(readFileSync(file, 'utf8'))));
};

/** Where failures and findings have a test, as the names in the test files say; in the order in which the page tells them. */
export interface FailureTests {
  readonly simulation: ReadonlySet<FailureNumber>;
  readonly lab: ReadonlySet<FailureNumber>;
  /** Of a part of the product alone: everything else that vitest.config.ts runs. */
  readonly 'unit test': ReadonlySet<FailureNumber>;
}

/** Reads the test files below the current folder. */
export const findFailureTests = (): FailureTests => {
  const files = filesBelow('test');
  const isSimulated = (file: string): boolean => file.startsWith('test/simulation/');
  // The tests of this page name numbers that are no tests of them.
  const isOfThePage = (file: string): boolean => file.startsWith('test/scripts/failures/');
  const tests = files.filter((file) => file.endsWith('.test.ts') && !isOfThePage(file));
  return {
    simulation: numbersIn(tests.filter(isSimulated)),
    lab: numbersIn(files.filter((file) => file.endsWith('.lab.ts'))),
    'unit test': numbersIn(tests.filter((file) => !isSimulated(file))),
  };
};
