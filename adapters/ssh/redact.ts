const mark = Buffer.from('[redacted]');

/** Lines of a secret that are long enough to be secret on their own, such as those of a PEM key. */
const longLine = 16;

const needlesOf = (secrets: readonly string[]): readonly Buffer[] => {
  const texts = new Set<string>();
  for (const secret of secrets) {
    const trimmed = secret.trim();
    if (trimmed === '') continue;
    texts.add(trimmed);
    const lines = trimmed.split('\n').map((line) => line.trim());
    if (lines.length > 1) for (const line of lines) if (line.length >= longLine) texts.add(line);
  }
  // Longest first: a secret that begins with another one is replaced whole.
  return [...texts].map((text) => Buffer.from(text)).sort((a, b) => b.length - a.length);
};

/** Where the bytes at the end begin that may turn out to be a secret once more bytes arrive. */
const undecidedFrom = (bytes: Buffer, needles: readonly Buffer[]): number => {
  let undecided = bytes.length;
  for (const needle of needles) {
    for (let from = Math.max(0, bytes.length - needle.length + 1); from < undecided; from++) {
      if (bytes[from] === needle[0] && needle.subarray(0, bytes.length - from).equals(bytes.subarray(from))) {
        undecided = from;
      }
    }
  }
  return undecided;
};

const firstMatch = (
  bytes: Buffer,
  needles: readonly Buffer[],
  from: number,
): { at: number; length: number } | undefined => {
  let found: { at: number; length: number } | undefined;
  for (const needle of needles) {
    const at = bytes.indexOf(needle, from);
    if (at !== -1 && (found === undefined || at < found.at)) found = { at, length: needle.length };
  }
  return found;
};

export interface Redactor {
  /** Takes the next bytes of a stream; returns what is surely free of secrets so far. */
  push(chunk: Buffer): Buffer;
  /** What was held back, at the end of the stream. */
  flush(): Buffer;
}

/** Replaces secrets in a stream of bytes by `[redacted]`, also where one is split over several chunks. */
export const createRedactor = (secrets: readonly string[]): Redactor => {
  const needles = needlesOf(secrets);
  if (needles.length === 0) return { push: (chunk) => chunk, flush: () => Buffer.alloc(0) };
  let held: Buffer = Buffer.alloc(0);
  const take = (bytes: Buffer, undecided: number): Buffer => {
    const out: Buffer[] = [];
    let from = 0;
    for (;;) {
      const match = firstMatch(bytes, needles, from);
      if (match === undefined || match.at >= undecided) break;
      out.push(bytes.subarray(from, match.at), mark);
      from = match.at + match.length;
    }
    const until = Math.max(from, undecided);
    out.push(bytes.subarray(from, until));
    held = Buffer.from(bytes.subarray(until));
    return Buffer.concat(out);
  };
  return {
    push: (chunk) => {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      return take(bytes, undecidedFrom(bytes, needles));
    },
    flush: () => take(held, held.length),
  };
};

/** `text` with every secret in it replaced by `[redacted]`. */
export const redact = (text: string, secrets: readonly string[]): string => {
  const redactor = createRedactor(secrets);
  return Buffer.concat([redactor.push(Buffer.from(text)), redactor.flush()]).toString();
};
