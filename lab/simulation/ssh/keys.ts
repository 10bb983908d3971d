import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';

export interface SshKeyPair {
  /** In OpenSSH's format. */
  readonly privateKey: string;
  /** As in a .pub file: type, key, comment. */
  readonly publicKey: string;
}

export const makeSshKey = (comment: string): SshKeyPair => {
  const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519', { comment });
  return { privateKey, publicKey };
};

/** @throws Error for text that is no key */
export const parseSshKey = (text: string): ParsedKey => {
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) throw parsed;
  const [key] = Array.isArray(parsed) ? parsed : [parsed];
  if (key === undefined) throw new Error('no key');
  return key;
};
