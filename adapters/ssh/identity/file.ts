import { readFileSync, statSync } from 'node:fs';
import ssh2, { type ParsedKey } from 'ssh2';

/** What a file that `IdentityFile` names is good for. */
export interface IdentityFile {
  readonly file: string;
  /** Its public half: of the file, of FILE.pub, or of the private key, which need not be unlocked for that. */
  readonly blob?: Buffer | undefined;
  /** The private key, where it can be used as it is. */
  readonly key?: ParsedKey;
  readonly kind:
    | 'private'
    | 'public'
    | 'encrypted'
    | 'certificate'
    | 'fido'
    | 'unusable'
    | 'unreadable'
    /** A private key that others may read: of its owner's own, as OpenSSH has it. */
    | 'unprotected';
}

const read = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
};

/** The key that text or bytes hold; an error for what the SSH library cannot use. */
export const parseKey = (key: Buffer | string): ParsedKey | Error => {
  const parsed: ParsedKey | ParsedKey[] | Error = ssh2.utils.parseKey(key);
  return Array.isArray(parsed) ? (parsed[0] ?? new Error('it holds no key')) : parsed;
};

/** Such as ssh-ed25519, as the public half has it at its beginning. */
export const keyTypeOf = (blob: Buffer): string =>
  blob.length < 4 ? 'unknown' : blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1');

/** An OpenSSH certificate (PROTOCOL.certkeys). */
export const isCertificate = (type: string): boolean => /-cert-v0\d@openssh\.com$/.test(type);

/** A key that is in a FIDO authenticator (PROTOCOL.u2f). */
export const isFido = (type: string): boolean => type.startsWith('sk-');

/** The public half in OpenSSH's own format (PROTOCOL.key): it is readable without the passphrase. */
const publicHalf = (key: Buffer): Buffer | undefined => {
  const [, base64] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(key.toString('latin1')) ?? [];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  let at = 'openssh-key-v1\0'.length;
  const next = (): Buffer => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  try {
    for (const _ of ['cipher', 'key derivation', 'its options']) next();
    at += 4; // the number of keys, always 1
    return next();
  } catch {
    return undefined;
  }
};

/** The key of the first line as in authorized_keys, whatever its type. */
export const publicLine = (bytes: Buffer | undefined): Buffer | undefined => {
  for (const line of bytes?.toString('latin1').split('\n') ?? []) {
    const [, type, base64 = ''] = /^\s*([a-z][\w@.-]+)\s+([A-Za-z0-9+/]+=*)(?:\s|$)/.exec(line) ?? [];
    const blob = Buffer.from(base64, 'base64');
    if (type !== undefined && keyTypeOf(blob) === type) return blob;
  }
  return undefined;
};

/** As OpenSSH judges it (sshkey_perm_ok): of a file of somebody else, root mostly, the mode is that one's business. */
const isOpenToOthers = (file: string): boolean => {
  try {
    const { uid, mode } = statSync(file);
    return uid === process.getuid?.() && (mode & 0o077) !== 0;
  } catch {
    return false;
  }
};

/** Where the keys of a configured file are, as OpenSSH looks for them (sshkey_load_public). */
export const readIdentityFile = (file: string): IdentityFile => {
  const bytes = read(file);
  const beside = publicLine(read(`${file}.pub`));
  if (bytes === undefined) {
    return beside === undefined ? { file, kind: 'unreadable' } : { file, kind: 'public', blob: beside };
  }
  const line = publicLine(bytes);
  if (line !== undefined) {
    const type = keyTypeOf(line);
    return { file, blob: line, kind: isCertificate(type) ? 'certificate' : isFido(type) ? 'fido' : 'public' };
  }
  const parsed = parseKey(bytes);
  const own = publicHalf(bytes);
  if (isOpenToOthers(file) && (parsed instanceof Error || parsed.isPrivateKey())) {
    return { file, kind: 'unprotected', blob: beside ?? own };
  }
  if (own !== undefined && isFido(keyTypeOf(own))) return { file, kind: 'fido', blob: own };
  if (parsed instanceof Error) {
    const isEncrypted = /encrypted|passphrase/i.test(parsed.message);
    return { file, kind: isEncrypted ? 'encrypted' : 'unusable', blob: beside ?? own };
  }
  if (!parsed.isPrivateKey()) return { file, kind: 'public', blob: parsed.getPublicSSH() };
  return { file, kind: 'private', blob: parsed.getPublicSSH(), key: parsed };
};

/** The certificate that OpenSSH takes without being told, FILE-cert or FILE-cert.pub, if there is one. */
export const certificateBeside = (file: string): string | undefined =>
  [`${file}-cert`, `${file}-cert.pub`].find((path) => {
    const blob = publicLine(read(path));
    return blob !== undefined && isCertificate(keyTypeOf(blob));
  });
