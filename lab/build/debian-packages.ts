// Debian packages of this machine, by the programs they bring.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const installCommand = (packages: readonly string[]): string =>
  `apt-get update && apt-get install -y ${packages.join(' ')}`;

/** Whether a program is there: by its path, or by its name in the folders where programs are. */
export function isInstalled(program: string): boolean {
  if (program.startsWith('/')) return existsSync(program);
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)));
}
