// What tsc does not carry into dist/: files beside the sources that the program reads at run time.
import { chmodSync, cpSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
for (const folder of ['lab/files', 'lab/programs']) {
  if (existsSync(join(root, folder))) cpSync(join(root, folder), join(root, 'dist', folder), { recursive: true });
}
cpSync(join(root, 'package.json'), join(root, 'dist', 'package.json'));
const executable = join(root, 'dist/cli/main.js');
if (existsSync(executable)) chmodSync(executable, 0o755);
