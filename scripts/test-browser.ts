// npm run test:browser [-- --yes] [names of test files]: tests in Debian's Chromium, which is installed where it is
// missing: after asking, or at once with --yes or CI=true.
import { spawn } from 'node:child_process';
import { installPackages } from '../lab/commands/install.js';
import { installCommand, isInstalled } from '../lab/build/debian-packages.js';

const browser = '/usr/bin/chromium';
const packages = ['chromium'];
const yes = process.argv.includes('--yes') || process.env['CI'] === 'true';

if (!isInstalled(browser)) {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await installPackages('The browser test', packages, yes);
  if (!isInstalled(browser)) {
    const how = isRoot ? installCommand(packages) : `as root, ${installCommand(packages)}`;
    console.error(`The browser tests need ${browser}. Install it (${how}), or run the same command with -- --yes.`);
    process.exit(1);
  }
}

const child = spawn(
  process.execPath,
  [
    'scripts/run-vitest.mjs',
    '--config',
    'vitest.browser.config.ts',
    ...process.argv.slice(2).filter((argument) => argument !== '--yes'),
  ],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('close', (code) => process.exit(code ?? 1));
