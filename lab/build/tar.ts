// Writes tar archives (ustar), enough for image layers and OCI archives. Same input, same bytes.

export interface TarEntry {
  path: string;
  type: 'file' | 'folder' | 'symlink';
  mode: number;
  content?: Buffer;
  target?: string;
}

const BLOCK = 512;
const typeFlag = { file: '0', symlink: '2', folder: '5' } as const;

export const folder = (path: string, mode = 0o755): TarEntry => ({ path, type: 'folder', mode });
export const file = (path: string, content: Buffer, mode = 0o644): TarEntry => ({ path, type: 'file', mode, content });
export const symlink = (path: string, target: string): TarEntry => ({ path, type: 'symlink', mode: 0o777, target });

/** The archive as a list of buffers, so that large contents are not copied. */
export function tar(entries: Iterable<TarEntry>): Buffer[] {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const content = entry.content ?? Buffer.alloc(0);
    parts.push(header(entry, content.length), content);
    const rest = content.length % BLOCK;
    if (rest !== 0) parts.push(Buffer.alloc(BLOCK - rest));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return parts;
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = split(entry.path);
  block.write(name, 0, 100);
  octal(block, 100, 8, entry.mode);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  octal(block, 124, 12, size);
  octal(block, 136, 12, 0);
  block.write('        ', 148);
  block.write(typeFlag[entry.type], 156);
  if (entry.target !== undefined) {
    if (Buffer.byteLength(entry.target) > 100)
      throw new Error(`Link target too long for a tar archive: ${entry.target}`);
    block.write(entry.target, 157, 100);
  }
  block.write('ustar\u000000', 257);
  block.write(prefix, 345, 155);
  let sum = 0;
  for (const byte of block) sum += byte;
  octal(block, 148, 7, sum);
  return block;
}

function octal(block: Buffer, offset: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0') + '\u0000', offset, length);
}

/** ustar holds 100 bytes of name and, split at a slash, 155 more before it. */
function split(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const name = path.slice(at + 1);
    const prefix = path.slice(0, at);
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { name, prefix };
  }
  throw new Error(`Path too long for a tar archive: ${path}`);
}
