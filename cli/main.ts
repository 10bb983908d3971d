#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { exitCodes } from './exit-codes.js';
import { processIo } from './io.js';
import { processOutput } from './process-output.js';
import { runProgram } from './program.js';

// In the repository's build package.json lies beside cli/, in the published package beside dist/.
const version = ['../package.json', '../../package.json']
  .map((path) => new URL(path, import.meta.url))
  .map((url) => {
    try {
      return (JSON.parse(readFileSync(url, 'utf8')) as { version?: string }).version;
    } catch {
      return undefined;
    }
  })
  .find((found) => found !== undefined);

const output = processOutput();
const code = await runProgram(process.argv.slice(2), processIo(output), version ?? 'unknown');
const problem = await output.flush();
if (problem !== undefined) {
  output.err(
    `error: The output could not be written: ${problem}\nWhat to do: Make room where standard output goes. What the command did holds.\n`,
  );
  await output.flush();
}
// Temporal's native runtime would keep the process alive.
process.exit(code === exitCodes.done && problem !== undefined ? exitCodes.failed : code);
