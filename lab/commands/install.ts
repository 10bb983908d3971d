// Installs Debian packages, after asking.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { installCommand } from '../build/debian-packages.js';

/**
 * Installs them at once with `yes`, else after asking on the terminal.
 * @param who needs them, as the question begins: "The lab"
 * @returns whether it was tried; false when there is nobody to ask, or the answer was no
 */
export async function installPackages(who: string, packages: readonly string[], yes: boolean): Promise<boolean> {
  if (!yes && !(await agreed(who, packages))) return false;
  const child = spawn('sh', ['-c', installCommand(packages)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  await once(child, 'exit');
  return true;
}

async function agreed(who: string, packages: readonly string[]): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `${who} needs the Debian packages ${packages.join(', ')}. Install them now with\n  ${installCommand(packages)}\n? [Y/n] `,
    );
    return /^(y(es)?)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
