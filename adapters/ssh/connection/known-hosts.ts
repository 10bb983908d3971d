import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { matchesPatternList } from '../config/pattern.js';

/** A line of a known_hosts file that speaks of the host in question. */
export interface KnownKey {
  readonly file: string;
  /** Counted from 1, as `ssh` does. */
  readonly line: number;
  /** Such as ssh-ed25519. */
  readonly type: string;
  readonly key: Buffer;
  /** `@revoked`: this key must be refused. */
  readonly revoked: boolean;
}

/** The name under which `ssh` keeps a host's key: `[host]:port` unless the port is 22. */
export const knownHostName = (host: string, port: number): string =>
  port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;

const matchesHashed = (field: string, name: string): boolean => {
  const [, , salt = '', hash = ''] = field.split('|');
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
};

const matchesName = (field: string, name: string): boolean =>
  field.startsWith('|1|') ? matchesHashed(field, name) : matchesPatternList(field.toLowerCase().split(','), name);

/** The type that the key itself says it has: a line whose words disagree with it is not used. */
const typeInside = (key: Buffer): string => {
  if (key.length < 4) return '';
  const length = key.readUInt32BE(0);
  return key.subarray(4, 4 + length).toString('latin1');
};

/** Keys that the text of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) has for a name. */
export const knownKeysIn = (text: string, file: string, name: string): readonly KnownKey[] => {
  const found: KnownKey[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const words = raw.trim().split(/[ \t]+/);
    if (words[0] === undefined || words[0] === '' || words[0].startsWith('#')) continue;
    const marker = words[0].startsWith('@') ? words.shift() : undefined;
    // Certificates are not supported by the SSH library: an authority's key must not count as the host's own.
    if (marker !== undefined && marker !== '@revoked') continue;
    const [names, type, base64] = words;
    if (names === undefined || type === undefined || base64 === undefined) continue;
    if (!matchesName(names, name)) continue;
    const key = Buffer.from(base64, 'base64');
    if (typeInside(key) !== type) continue;
    found.push({ file, line: index + 1, type, key, revoked: marker === '@revoked' });
  }
  return found;
};

const readOrEmpty = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/**
 * Keys that the files have for a host. As `ssh` does, a host on another port than 22 that has no key of its own
 * is looked up without its port too.
 */
export const findKnownKeys = (files: readonly string[], host: string, port: number): readonly KnownKey[] => {
  const texts = files.map((file) => [file, readOrEmpty(file)] as const);
  const find = (name: string): readonly KnownKey[] => texts.flatMap(([file, text]) => knownKeysIn(text, file, name));
  const own = find(knownHostName(host, port));
  const bare = port === 22 ? [] : find(host.toLowerCase());
  const revoked = bare.filter((key) => key.revoked);
  return own.some((key) => !key.revoked) ? [...own, ...revoked] : [...own, ...bare];
};
