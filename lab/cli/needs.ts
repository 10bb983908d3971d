// Asks before it installs what the machine lacks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { findNeeds, installCommand, NeedsError, type Needs } from '../needs.js';
import type { HostOptions } from '../topology.js';

/** Makes the machine ready for such hosts, or throws with everything that is missing. */
export async function settleNeeds(hosts: readonly HostOptions[], yes: boolean): Promise<void> {
  const needs = await findNeeds(hosts);
  if (needs.packages.length === 0) return throwIfIncomplete(needs);
  const others: Needs = { ...needs, packages: [] };
  const installable = needs.root && others.controlGroupsV1 && others.go === undefined;
  if (!installable || !(yes || (await agreed(needs)))) throw new NeedsError(needs);
  const child = spawn('sh', ['-c', installCommand(needs.packages)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  await once(child, 'exit');
  throwIfIncomplete(await findNeeds(hosts));
}

function throwIfIncomplete(needs: Needs): void {
  const complete = needs.root && needs.controlGroupsV1 && needs.packages.length === 0 && needs.go === undefined;
  if (!complete) throw new NeedsError(needs);
}

async function agreed(needs: Needs): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `The lab needs the Debian packages ${needs.packages.join(', ')}. Install them now with\n  ${installCommand(needs.packages)}\n? [Y/n] `,
    );
    return /^(y(es)?)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
