#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { processIo } from './io.js';
import { runProgram } from './program.js';

// package.json lies beside dist/src in the repository's build, and beside dist in the published package.
const version = ['../../package.json', '../../../package.json']
  .map((path) => new URL(path, import.meta.url))
  .map((url) => {
    try {
      return (JSON.parse(readFileSync(url, 'utf8')) as { version?: string }).version;
    } catch {
      return undefined;
    }
  })
  .find((found) => found !== undefined);

const code = await runProgram(process.argv.slice(2), processIo(), version ?? 'unknown');
// Temporal's native runtime would keep the process alive; the empty write comes after everything that was written.
process.stdout.write('', () => process.exit(code));
