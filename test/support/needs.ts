import { spawnSync } from 'node:child_process';

declare module 'vitest' {
  interface TaskMeta {
    /** What the machine lacks for the test to run, and how to get it; scripts/run-vitest.mjs tells it at the end of a run. */
    lacks?: string;
  }
}

/** Something of the machine that tests use as it is. */
export interface Part {
  readonly name: string;
  readonly isThere: boolean;
  /** How to get it. */
  readonly how: string;
}

const install = 'as root: sh scripts/install-test-programs.sh';

/** @param how default: the script that installs all such programs */
export const part = (name: string, isThere: boolean, how = install): Part => ({ name, isThere, how });

/** A program by its name. */
export const program = (name: string): Part =>
  part(name, spawnSync('/bin/sh', ['-c', 'command -v "$0"', name]).status === 0);

/** Options of a test or `describe` that uses such parts: it is skipped where one of them is missing. */
export const needs = (...parts: readonly Part[]): { skip?: boolean; meta?: { lacks: string } } => {
  const missing = parts.find(({ isThere }) => !isThere);
  return missing === undefined ? {} : { skip: true, meta: { lacks: `${missing.name} (${missing.how})` } };
};
