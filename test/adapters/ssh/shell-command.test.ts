import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { shellCommand } from '../../../adapters/ssh/shell-command.js';

const run = (script: string, stdin = '', user = 'root'): string => {
  const { command, stdin: input } = shellCommand(script, stdin, user !== 'root', user);
  return spawnSync('/bin/sh', ['-c', command], { input, encoding: 'utf8' }).stdout;
};

describe('shellCommand', () => {
  it('gives scripts of any length to the shell as they are, and their input after them', () => {
    for (const length of [0, 10, 60_000, 99_900, 100_000, 300_000]) {
      const script = `# ${'é'.repeat(length / 2)}\nprintf '%s|' "$LC_ALL" "it's"; cat\n`;
      expect(run(script, 'input\n')).toBe("C|it's|input\n");
    }
  });

  it('stays below what Linux takes as one argument', () => {
    const { command, stdin } = shellCommand("'".repeat(90_000), '', true, 'ops');
    expect(Buffer.byteLength(command)).toBeLessThan(131_072);
    expect(stdin).toHaveLength(90_000);
  });

  it('leaves no process of the login shell behind', () => {
    expect(shellCommand('true', '', false, 'ops').command).toBe("exec /bin/sh -c 'export LC_ALL=C; true'");
  });

  it('refuses a NUL', () => {
    expect(() => shellCommand('a\0b', '', true, 'root')).toThrow(TypeError);
  });
});
