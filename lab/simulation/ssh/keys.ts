import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';

export interface SshKeyPair {
  /** In OpenSSH's format. */
  readonly privateKey: string;
  /** As in a .pub file: type, key, comment. */
  readonly publicKey: string;
}

/** One key in some hundred that ssh2 1.17 makes, it cannot read: such a key is made again. */
export const makeSshKey = (comment: string): SshKeyPair => {
  for (;;) {
    const { private: privateKey, public: publicKey } = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    if (!(ssh2.utils.parseKey(privateKey) instanceof Error) && !(ssh2.utils.parseKey(publicKey) instanceof Error))
      return { privateKey, publicKey };
  }
};

/** @throws Error for text that is no key */
export const parseSshKey = (text: string): ParsedKey => {
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) throw parsed;
  const [key] = Array.isArray(parsed) ? parsed : [parsed];
  if (key === undefined) throw new Error('no key');
  return key;
};
