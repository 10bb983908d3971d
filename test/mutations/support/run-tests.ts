import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

/** Full names of tests (those of the `describe`s around them first), by file. */
export type NamedTests = Readonly<Record<string, readonly string[]>>;

export interface TestResult {
  /** `file: full name`. */
  readonly test: string;
  readonly passed: boolean;
  /** Of what failed, with the stack. */
  readonly messages: readonly string[];
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** This process is vitest as well: one that it starts must not take its settings for its own. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|VITE_|TEST$|NODE_ENV$)/.test(name)));

const isSimulated = (file: string): boolean => file.startsWith('test/simulation/');

const pattern = (names: readonly string[]): string =>
  `^(${names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)).join('|')})$`;

const runOne = async (folder: string, config: string, tests: NamedTests): Promise<TestResult[]> => {
  const report = join(folder, 'report.json');
  rmSync(report, { force: true });
  const child = spawn(
    process.execPath,
    // prettier-ignore
    [
      vitest, 'run', ...Object.keys(tests), '--config', config,
      '--testNamePattern', pattern(Object.values(tests).flat()), '--testTimeout', '60000',
      '--reporter=json', `--outputFile.json=${report}`,
    ],
    { cwd: folder, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  return Object.entries(tests).flatMap(([file, names]) => {
    const results = testResults.find(({ name }) => name === join(folder, file));
    return names.map((name): TestResult => {
      const found = results?.assertionResults.find(({ fullName }) => fullName === name);
      if (found === undefined || !['passed', 'failed'].includes(found.status))
        throw new Error(`${file} has not run "${name}": ${results?.message ?? ''}\n${output.slice(-4_000)}`);
      return { test: `${file}: ${name}`, passed: found.status === 'passed', messages: found.failureMessages };
    });
  });
};

/**
 * Runs exactly these tests in a copy of the tree.
 * @throws Error when one of them is not there, or its file could not even be loaded
 */
export const runTests = async (folder: string, tests: NamedTests): Promise<TestResult[]> => {
  const some = (simulated: boolean): NamedTests =>
    Object.fromEntries(Object.entries(tests).filter(([file]) => isSimulated(file) === simulated));
  const results: TestResult[] = [];
  for (const [config, named] of [
    ['vitest.config.ts', some(false)],
    ['vitest.simulation.config.ts', some(true)],
  ] as const)
    if (Object.keys(named).length > 0) results.push(...(await runOne(folder, config, named)));
  return results;
};
