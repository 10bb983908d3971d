import { joinPath } from '../files/file-system.js';
import type { Process, Program } from '../system/process.js';
import { Interpreter } from './interpreter.js';
import { parseScript, SyntaxProblem } from './parse.js';
import { Shell } from './shell.js';
import type { Dialect } from './shell.js';

const interpreter = new Interpreter();

interface Invocation {
  readonly script: string;
  readonly name: string;
  readonly positional: readonly string[];
}

const read = async (
  process: Process,
  called: string,
  args: readonly string[],
): Promise<Invocation & { options: string }> => {
  let options = '';
  const rest = [...args];
  while (rest[0]?.startsWith('-') === true || rest[0]?.startsWith('+') === true) {
    const option = rest.shift() ?? '';
    if (option === '--') break;
    if (option.startsWith('--')) continue;
    options += option.slice(1);
    if (option.includes('c')) break;
  }
  if (options.includes('c')) {
    const [script = '', name = called, ...positional] = rest;
    return { script, name, positional, options };
  }
  const [path, ...positional] = rest;
  if (path === undefined || options.includes('s'))
    return { script: await process.readAll(), name: called, positional: rest, options };
  return { script: process.machine.files.read(joinPath(process.directory, path)), name: path, positional, options };
};

/** `sh` or `bash`. */
export const shellProgram =
  (dialect: Dialect): Program =>
  async (process, args) => {
    const { script, name, positional, options } = await read(process, process.argv[0] ?? dialect, args);
    const shell = new Shell(process, { dialect, name, positional });
    if (options.includes('e')) shell.options.errexit = true;
    if (options.includes('u')) shell.options.nounset = true;
    try {
      return await interpreter.script(shell, parseScript(script));
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
      shell.complain(error.message);
      return 2;
    }
  };
