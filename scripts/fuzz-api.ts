// npm run fuzz:api [-- --examples 40 --seconds 240 --seed 1]: a property-based fuzzer (Schemathesis) over the OpenAPI document.
// It must find no 500, and no answer that the document does not describe. Ends with "N passed, N failed".
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../api/connection/user-folders.js';
import { clusterYaml } from '../test/support/run-cli.js';
import { startApiHarness } from './api-harness/start.js';
import { optionsOf } from './arguments.js';

const version = '4.32.5';
const usage = `Sends requests made from the OpenAPI document (Schemathesis) to a server, with each kind of token.

  --examples N  cases per route and phase (default 40)
  --seconds N   altogether, for each token (default 240)
  --seed N      of the cases (default 20261124)`;
const values = optionsOf(
  usage,
  {
    examples: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '240' },
    seed: { type: 'string', default: '20261124' },
  },
  ['examples', 'seconds', 'seed'],
);

const run = (command: string, args: readonly string[]): void => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
};

/** Schemathesis in a virtual environment of its own, made once below the cache folder. */
const schemathesis = (): string => {
  const folder = join(cacheFolder(), `schemathesis-${version}`);
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    console.error(`installing schemathesis ${version} into ${folder} ...`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    run('python3', ['-m', 'venv', folder]);
    run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${version}`]);
    writeFileSync(complete, '');
  }
  return join(folder, 'bin', 'schemathesis');
};

/** What the schema allows may still be refused: a text that is no specification, a decision about what is not blocked. */
const configuration = `
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "403", "404", "409", "422"]
negative_data_rejection.expected-statuses = ["4xx"]

# A page token is a text that only the server makes: others are refused with 400.
[[operations]]
include-operation-id = "listOperations"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "403"]
`;

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** @returns routes that passed and failed, by the report; one failure when there is no report. */
const countsOf = (reportFile: string): Counts => {
  const head = existsSync(reportFile) ? (/<testsuites?[^>]*>/.exec(readFileSync(reportFile, 'utf8'))?.[0] ?? '') : '';
  const count = (name: string): number => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return count('tests') === 0 ? { passed: 0, failed: 1 } : { passed: count('tests') - failed, failed };
};

const executable = schemathesis();
const harness = await startApiHarness({
  kubeadmMs: 500,
  serverArguments: ['--rate-limit', '100000', '--reading-rate', '100000', '--max-readings-per-token', '20'],
});
let passed = 0;
let failed = 0;
try {
  // The operation that the examples of the document name.
  await fetch(`${harness.url}/v1/operations`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${harness.tokens.operator}`,
      'content-type': 'application/json',
      'idempotency-key': 'example',
    },
    body: JSON.stringify({ verb: 'join', host: 'w1', specification: { text: clusterYaml('prod') } }),
  });
  const configurationFile = join(harness.folder, 'schemathesis.toml');
  writeFileSync(configurationFile, configuration);
  for (const [name, token] of Object.entries(harness.tokens)) {
    console.error(`\n=== ${name}`);
    const report = join(harness.folder, `${name}.xml`);
    const child = spawn(
      executable,
      [
        ['--config-file', configurationFile, 'run', `${harness.url}/openapi.json`],
        ['--header', `Authorization: Bearer ${token}`, '--checks', 'all', '--mode', 'all'],
        ['--max-examples', values.examples, '--max-time', values.seconds, '--seed', values.seed],
        ['--request-timeout', '20', '--continue-on-failure', '--generation-database', 'none', '--no-color'],
        ['--report', 'junit', '--report-junit-path', report],
      ].flat(),
      { stdio: ['ignore', 'inherit', 'inherit'], cwd: harness.folder },
    );
    // Far beyond its own limit: a run that hangs is a failure.
    const timer = setTimeout(() => child.kill('SIGKILL'), (Number(values.seconds) + 600) * 1_000);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    const counts = countsOf(report);
    passed += counts.passed;
    failed += code === 0 ? counts.failed : Math.max(1, counts.failed);
  }
  const log = readFileSync(join(harness.folder, 'server.log'), 'utf8');
  const defects = log.split('\n').filter((line) => line.includes('"unexpected"'));
  for (const line of defects.slice(0, 20)) console.error(line);
  failed += defects.length;
} finally {
  await harness.stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
