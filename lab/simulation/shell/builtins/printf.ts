const simple: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** Escapes of `printf`, `printf %b` and dash's `echo`; `stop` when there was a `\c`. */
export const unescape = (text: string): { readonly text: string; readonly stop: boolean } => {
  if (!text.includes('\\')) return { text, stop: false };
  let made = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (character !== '\\') {
      made += character;
      continue;
    }
    const next = text[at + 1];
    if (next === undefined) return { text: `${made}\\`, stop: false };
    if (next === 'c') return { text: made, stop: true };
    const octal = /^(0[0-7]{0,3}|[1-7][0-7]{0,2})/.exec(text.slice(at + 1))?.[0];
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(text.slice(at + 1));
    if (octal !== undefined) {
      made += String.fromCharCode(parseInt(octal, 8) & 0xff);
      at += octal.length;
    } else if (hex !== null) {
      made += String.fromCharCode(parseInt(hex[1] as string, 16));
      at += hex[0].length;
    } else {
      made += simple[next] ?? `\\${next}`;
      at += 1;
    }
  }
  return { text: made, stop: false };
};

const pad = (text: string, flags: string, width: number): string => {
  if (text.length >= width) return text;
  if (flags.includes('-')) return text.padEnd(width);
  if (flags.includes('0') && /^[-+]?\d/.test(text)) {
    const sign = /^[-+]/.exec(text)?.[0] ?? '';
    return sign + text.slice(sign.length).padStart(width - sign.length, '0');
  }
  return text.padStart(width);
};

export interface Formatted {
  readonly text: string;
  /** What could not be read as a number. */
  readonly problems: readonly string[];
}

const conversion = /%(?:%|([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d*))?([a-zA-Z]))/g;

const number = (value: string, problems: string[]): number => {
  if (/^['"]/.test(value)) return value.charCodeAt(1) || 0;
  if (value !== '' && !/^\s*[+-]?(0[xX][0-9a-fA-F]+|\d+)(\.\d*)?$/.test(value))
    problems.push(`${value}: expected numeric value`);
  return Number.parseInt(value, /^\s*0[xX]/.test(value) ? 16 : 10) || 0;
};

/** One conversion of a format, for a value. */
const convert = (
  { flags, width, precision, letter }: { flags: string; width: number; precision: number | undefined; letter: string },
  value: string,
  problems: string[],
): string => {
  switch (letter) {
    case 's':
      return pad(precision === undefined ? value : value.slice(0, precision), flags, width);
    case 'c':
      return pad(value.slice(0, 1), flags, width);
    case 'd':
    case 'i':
    case 'u': {
      const digits = /^\s*[+-]?\d{16,}$/.test(value) ? String(BigInt(value.trim())) : String(number(value, problems));
      const sign = flags.includes('+') && !digits.startsWith('-') ? '+' : '';
      const minus = digits.startsWith('-') ? '-' : '';
      const body = digits.slice(minus.length);
      return pad(sign + minus + (precision === undefined ? body : body.padStart(precision, '0')), flags, width);
    }
    case 'x':
      return pad(number(value, problems).toString(16), flags, width);
    case 'X':
      return pad(number(value, problems).toString(16).toUpperCase(), flags, width);
    case 'o':
      return pad(number(value, problems).toString(8), flags, width);
    case 'f':
    case 'F':
      return pad((Number(value) || 0).toFixed(precision ?? 6), flags, width);
    case 'e':
    case 'g':
      return pad(
        letter === 'e' ? (Number(value) || 0).toExponential(precision ?? 6) : String(Number(value) || 0),
        flags,
        width,
      );
    default:
      return `%${letter}`;
  }
};

/** `printf`: the format is used again while arguments are left. */
export const format = (template: string, args: readonly string[]): Formatted => {
  const problems: string[] = [];
  const rest = [...args];
  let text = '';
  let stopped = false;
  do {
    let used = 0;
    const next = (): string => {
      used += 1;
      return rest.shift() ?? '';
    };
    let at = 0;
    const literal = (part: string): void => {
      const plain = unescape(part);
      text += plain.text;
      stopped ||= plain.stop;
    };
    for (const match of template.matchAll(conversion)) {
      literal(template.slice(at, match.index));
      at = match.index + match[0].length;
      if (stopped) break;
      const [whole, flags = '', width, precision, letter = ''] = match;
      if (whole === '%%') {
        text += '%';
        continue;
      }
      const wide = width === '*' ? Number(next()) : Number(width ?? 0);
      const precise = precision === undefined ? undefined : precision === '*' ? Number(next()) : Number(precision);
      if (letter === 'b') {
        const plain = unescape(next());
        text += pad(plain.text, flags, wide);
        stopped ||= plain.stop;
      } else text += convert({ flags, width: wide, precision: precise, letter }, next(), problems);
      if (stopped) break;
    }
    if (!stopped) literal(template.slice(at));
    if (used === 0) break;
  } while (rest.length > 0 && !stopped);
  return { text, problems };
};
