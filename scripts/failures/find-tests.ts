import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

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

/** Numbers of the failures that test files have a test of by its name, `F12: ...`. */
const numbersIn = (testFiles: readonly string[]): ReadonlySet<number> => {
  const files = new Set<string>();
  for (const file of testFiles) withImports(file, files);
  const numbers = [...files].flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/['"`]F(\d+): /g)].map(([, number]) => Number(number)),
  );
  return new Set(numbers);
};

/** Where each failure has a test, as the names in the test files say. */
export interface FailureTests {
  readonly simulation: ReadonlySet<number>;
  readonly lab: ReadonlySet<number>;
}

/** Reads the test files below the current folder. */
export const findFailureTests = (): FailureTests => ({
  simulation: numbersIn(filesBelow('test/simulation').filter((file) => file.endsWith('.test.ts'))),
  lab: numbersIn(filesBelow('test/lab').filter((file) => file.endsWith('.lab.ts'))),
});
