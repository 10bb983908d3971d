import fc from 'fast-check';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { needs } from '../../../support/needs.js';
import { bothSides } from '../support/compare.js';
import { configurations, environment, names } from '../support/configurations.js';
import { opensshClient, sshG } from '../support/ssh-g.js';
import { makeFolder } from '../support/sshd.js';

const folder = makeFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Some 20 ms each. More, and others, are had by the environment. */
const runs = Number(process.env['QUORATE_SSH_CONFIGURATIONS'] ?? 400);
const seed = Number(process.env['QUORATE_SSH_SEED'] ?? 20_240_521);

describe('agrees with `ssh -G`', needs(opensshClient), () => {
  it('R25: in a few hundred configurations that are made up', async () => {
    const seen = { agreed: 0, refused: 0 };
    const included = join(folder, 'included');
    mkdirSync(join(included, 'sub dir'), { recursive: true });
    await fc.assert(
      fc.asyncProperty(configurations(included), fc.constantFrom(...names), async (configuration, name) => {
        const configFile = join(folder, 'config');
        writeFileSync(configFile, configuration.main);
        for (const [file, text] of Object.entries(configuration.included)) {
          writeFileSync(join(included, file), text, { mode: 0o600 });
        }
        const printed = sshG(configFile, name, environment);
        const context = { configFile, home: userInfo().homedir, environment };
        const { mine, real, error } = await bothSides(printed, name, context);
        expect(mine, `${printed.refusal ?? ''}\n${error?.message ?? ''}`).toEqual(real);
        seen[real === 'refused' ? 'refused' : 'agreed']++;
      }),
      { numRuns: runs, seed, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: false },
    );
    // The comparison is of configurations that are read, for the most part.
    expect(seen.agreed).toBeGreaterThan(100);
    expect(seen.agreed).toBeGreaterThan(2 * seen.refused);
    expect(seen.refused).toBeGreaterThan(5);
  });
});
