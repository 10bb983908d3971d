// DER, the encoding of certificates: as much of it as they need.

const length = (size: number): Buffer => {
  if (size < 0x80) return Buffer.from([size]);
  const bytes: number[] = [];
  for (let rest = size; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
};

const element = (tag: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([tag]), length(content.length), content]);

export const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, Buffer.concat(parts));
export const set = (...parts: readonly Buffer[]): Buffer => element(0x31, Buffer.concat(parts));
export const octets = (content: Buffer): Buffer => element(0x04, content);
export const bits = (content: Buffer, unused = 0): Buffer =>
  element(0x03, Buffer.concat([Buffer.from([unused]), content]));
export const utf8 = (text: string): Buffer => element(0x0c, Buffer.from(text, 'utf8'));
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]));
/** Explicitly tagged, or with `primitive` implicitly. */
export const tagged = (number: number, content: Buffer, primitive = false): Buffer =>
  element((primitive ? 0x80 : 0xa0) | number, content);

/** A positive integer. */
export const integer = (value: Buffer | number): Buffer => {
  let bytes = typeof value === 'number' ? Buffer.from([value]) : value;
  while (bytes.length > 1 && bytes[0] === 0) bytes = bytes.subarray(1);
  return element(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
};

export const objectIdentifier = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const group: number[] = [];
    for (let left = number; left > 0 || group.length === 0; left = Math.floor(left / 128))
      group.unshift((left % 128) | (group.length > 0 ? 0x80 : 0));
    bytes.push(...group);
  }
  return element(0x06, Buffer.from(bytes));
};

/** A date: with two digits of the year up to 2049. */
export const time = (milliseconds: number): Buffer => {
  const digits = new Date(milliseconds).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return Number(digits.slice(0, 4)) < 2050
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits));
};

export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** With its tag and length. */
  readonly whole: Buffer;
}

/** The elements that follow each other in a piece of DER. */
export const elements = (der: Buffer): Element[] => {
  const found: Element[] = [];
  let at = 0;
  while (at < der.length) {
    const tag = der[at] ?? 0;
    let size = der[at + 1] ?? 0;
    let start = at + 2;
    if (size >= 0x80) {
      const count = size & 0x7f;
      size = der.readUIntBE(start, count);
      start += count;
    }
    found.push({ tag, content: der.subarray(start, start + size), whole: der.subarray(at, start + size) });
    at = start + size;
  }
  return found;
};

export const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replaceAll(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;

export const fromPem = (text: string): Buffer => Buffer.from(text.replaceAll(/-----[^-]*-----|\s/g, ''), 'base64');
