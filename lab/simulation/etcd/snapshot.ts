import { createHash } from 'node:crypto';

/** What the database of a simulated member holds, as far as a snapshot tells. */
export interface SnapshotContent {
  readonly revision: number;
  readonly totalKey: number;
  readonly totalSize: number;
  readonly version: string;
}

const chunkBytes = 32 * 1024;

/** What a member sends for a snapshot: its database, in pages, and the sha256 of that. Binary, one character a byte. */
const makeSnapshot = (content: SnapshotContent): string => {
  const database = JSON.stringify(content).padEnd(content.totalSize, '\0');
  return database + createHash('sha256').update(database, 'latin1').digest().toString('latin1');
};

/** The same as the HTTP gateway sends it: a line of JSON for each chunk, and one for the checksum. */
export const snapshotStream = (content: SnapshotContent): string => {
  const snapshot = makeSnapshot(content);
  const blob = (from: number, to: number): string => Buffer.from(snapshot.slice(from, to), 'latin1').toString('base64');
  const lines: unknown[] = [];
  for (let at = 0; at < content.totalSize; at += chunkBytes) {
    const end = Math.min(content.totalSize, at + chunkBytes);
    const left = content.totalSize - end;
    lines.push({
      ...(left === 0 ? {} : { remaining_bytes: String(left) }),
      blob: blob(at, end),
      version: content.version,
    });
  }
  lines.push({ blob: blob(content.totalSize, snapshot.length), version: content.version });
  return lines.map((result) => `${JSON.stringify({ result })}\n`).join('');
};

/** The snapshot in such a stream. @throws Error that a stream without one has told */
export const snapshotInStream = (stream: string): string =>
  stream
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { result: { blob: string } }).result.blob)
    .map((blob) => Buffer.from(blob, 'base64').toString('latin1'))
    .join('');

/** What a snapshot holds; undefined when it is none, or is not whole. */
export const readSnapshot = (snapshot: string): SnapshotContent | undefined => {
  try {
    const content = JSON.parse(snapshot.slice(0, snapshot.indexOf('\0'))) as SnapshotContent;
    return snapshot.length === content.totalSize + 32 ? content : undefined;
  } catch {
    return undefined;
  }
};
