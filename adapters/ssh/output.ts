const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Bytes of a UTF-8 character by its first byte. */
const lengthOf = (lead: number): number => (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1);

/** Without the last character when the rest of it is missing. */
const headOf = (bytes: Buffer): Buffer => {
  let lead = bytes.length - 1;
  while (lead > 0 && isContinuation(bytes[lead])) lead--;
  const isWhole = lead < 0 || bytes.length - lead >= lengthOf(bytes[lead] ?? 0);
  return isWhole ? bytes : bytes.subarray(0, lead);
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
    const first = headOf(start);
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
