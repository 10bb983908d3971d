import { readFileSync } from 'node:fs';
import type { KnownKey } from '../connection/known-hosts.js';
import { keyTypeOf, publicLine } from '../identity/file.js';
import { refuseLine, type Line } from './line.js';

/** At the beginning of a key revocation list in OpenSSH's binary form (PROTOCOL.krl). */
const krlMagic = 'SSHKRL\n\0';

/**
 * The keys of a file of `RevokedHostKeys`: one public key a line, as in a .pub file. `line` is where the file is named.
 * @throws QuorateError InvalidSpecification for a file that does not tell all keys that are revoked: one that cannot be
 *   read, a binary revocation list, a line that is no key.
 */
export const readRevokedKeys = (file: string, line: Line): readonly KnownKey[] => {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw refuseLine(
      line,
      `the revoked keys cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      `make ${file} readable for the user of the worker; \`RevokedHostKeys none\` if no key is revoked`,
    );
  }
  if (bytes.subarray(0, krlMagic.length).toString('latin1') === krlMagic) {
    throw refuseLine(
      line,
      `${file} is a binary revocation list (KRL), which cannot be read here`,
      'name a file of the public keys that are revoked instead, one a line: ssh takes it too',
    );
  }
  const keys: KnownKey[] = [];
  for (const [index, raw] of bytes.toString('latin1').split('\n').entries()) {
    if (/^[ \t\r]*(#|$)/.test(raw)) continue;
    const key = publicLine(Buffer.from(raw, 'latin1'));
    if (key === undefined) {
      throw refuseLine(
        line,
        `${file} line ${index + 1} is no public key, so what it would revoke is not known`,
        'correct that line: type and key as in a .pub file, or a comment after "#"',
      );
    }
    keys.push({ file, line: index + 1, type: keyTypeOf(key), key, revoked: true });
  }
  return keys;
};
