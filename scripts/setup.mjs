// Makes a fresh clone ready: node packages and the compiled program. No dependencies of its own.
// Usage: node scripts/setup.mjs
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 3)) {
  console.error(
    `quorate needs Node.js 20.3 or newer, this is ${process.versions.node}. Install a newer Node.js and try again.`,
  );
  process.exit(1);
}

const run = (title, command, args) => {
  console.error(`setup: ${title} ...`);
  const started = Date.now();
  const result = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  if (result.status !== 0) {
    console.error(result.stdout ?? '');
    console.error(result.stderr ?? result.error?.message ?? '');
    console.error(
      `setup: "${command} ${args.join(' ')}" failed; mend what it says above and run the same command again.`,
    );
    process.exit(1);
  }
  console.error(`setup: ${title}: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
};

const lockHash = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
const stamp = join('node_modules', '.quorate-lock');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lockHash) {
  run('installing node packages (npm ci)', 'npm', ['ci', '--no-audit', '--no-fund']);
  writeFileSync(stamp, lockHash);
}

const newest = (path) => {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, entry) => Math.max(latest, newest(join(path, entry))), stat.mtimeMs);
};
const built = join('dist', '.built');
const { include } = JSON.parse(readFileSync('tsconfig.build.json', 'utf8'));
const sources = [...include, 'test', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
if (!existsSync(built) || Math.max(...sources.map(newest)) > statSync(built).mtimeMs) {
  rmSync(built, { force: true });
  mkdirSync('dist', { recursive: true });
  run('compiling', 'npm', ['run', '--silent', 'build']);
  writeFileSync(built, '');
}
