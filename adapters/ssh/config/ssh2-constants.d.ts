/** What the SSH library can do, with this Node; it publishes it nowhere else. */
declare module 'ssh2/lib/protocol/constants.js' {
  import type { CipherAlgorithm, KexAlgorithm, MacAlgorithm } from 'ssh2';
  const constants: {
    readonly DEFAULT_KEX: readonly KexAlgorithm[];
    readonly SUPPORTED_KEX: readonly KexAlgorithm[];
    readonly DEFAULT_CIPHER: readonly CipherAlgorithm[];
    readonly SUPPORTED_CIPHER: readonly CipherAlgorithm[];
    readonly DEFAULT_MAC: readonly MacAlgorithm[];
    readonly SUPPORTED_MAC: readonly MacAlgorithm[];
  };
  export default constants;
}
