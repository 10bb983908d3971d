const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Cuts before the character that would be split. */
const headOf = (bytes: Buffer, length: number): Buffer => {
  let end = Math.min(length, bytes.length);
  while (end > 0 && isContinuation(bytes[end])) end--;
  return bytes.subarray(0, end);
};

const tailOf = (bytes: Buffer, length: number): Buffer => {
  let start = Math.max(0, bytes.length - length);
  while (start < bytes.length && isContinuation(bytes[start])) start++;
  return bytes.subarray(start);
};

export interface Output {
  push(chunk: Buffer): void;
  /** Head and tail, with one line between them that says how much was cut. */
  text(): string;
  readonly truncated: boolean;
}

/** Collects a stream in bounded memory: the first and the last half of `maxBytes` are kept. */
export const createOutput = (maxBytes: number): Output => {
  const headBytes = Math.ceil(maxBytes / 2);
  const tailBytes = maxBytes - headBytes;
  const head: Buffer[] = [];
  let headSize = 0;
  let tail: Buffer[] = [];
  let tailSize = 0;
  let total = 0;
  const push = (chunk: Buffer): void => {
    total += chunk.length;
    const room = headBytes - headSize;
    if (room > 0) {
      const first = chunk.subarray(0, room);
      head.push(first);
      headSize += first.length;
    }
    const rest = chunk.subarray(Math.max(0, room));
    if (rest.length === 0) return;
    tail.push(rest);
    tailSize += rest.length;
    // Trimmed only when it has doubled: each byte is copied once or twice however small the chunks are.
    if (tailSize > 2 * tailBytes + 65_536) {
      tail = [Buffer.from(Buffer.concat(tail).subarray(tailSize - tailBytes))];
      tailSize = tailBytes;
    }
  };
  const text = (): string => {
    const start = Buffer.concat(head);
    const end = Buffer.concat(tail);
    if (total <= maxBytes) return Buffer.concat([start, end]).toString();
    const first = headOf(start, headBytes);
    const last = tailOf(end, tailBytes);
    return `${first.toString()}\n[... ${total - first.length - last.length} bytes cut ...]\n${last.toString()}`;
  };
  return {
    push,
    text,
    get truncated() {
      return total > maxBytes;
    },
  };
};
