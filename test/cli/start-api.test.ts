import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareApi } from '../../cli/start-api.js';
import { authority } from '../support/certificates.js';
import { temporaryFolder } from '../support/temporary-folder.js';

test('S18: the key of --tls-key is refused when others may read it', () => {
  const { certFile, keyFile } = authority('ours').issue('server', 'IP:127.0.0.1');
  const io = { env: {}, out: () => {}, err: () => {}, signal: new AbortController().signal };
  const prepare = () =>
    prepareApi(io, '1.2.3', {
      listen: { host: '127.0.0.1', port: 0 },
      tokens: join(temporaryFolder(), 'tokens.json'),
      tlsCert: certFile,
      tlsKey: keyFile,
      logLevel: 'error',
    });
  chmodSync(certFile, 0o644);
  for (const mode of [0o644, 0o640]) {
    chmodSync(keyFile, mode);
    expect(prepare).toThrow(
      expect.objectContaining({
        kind: 'bad-usage',
        message: `${keyFile} holds a private key and may be read or written by others.`,
        remedy: `Run \`chmod 600 ${keyFile}\`.`,
      }) as Error,
    );
  }
  chmodSync(keyFile, 0o600);
  expect(prepare().needsTokens).toBe(false);
});
