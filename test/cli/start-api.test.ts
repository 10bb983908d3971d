import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createToken, revokeToken } from '../../api/server/tokens/manage.js';
import { accessText, prepareApi } from '../../cli/start-api.js';
import { authority } from '../support/certificates.js';
import { temporaryFolder } from '../support/temporary-folder.js';

test('S18: the key of --tls-key is refused when others may read it', () => {
  const { certFile, keyFile } = authority('ours').issue('server', 'IP:127.0.0.1');
  const io = { env: {}, out: () => {}, err: () => {}, signal: new AbortController().signal };
  const prepare = () =>
    prepareApi(io, '1.2.3', {
      listen: { host: '127.0.0.1', port: 0 },
      tokens: join(temporaryFolder(), 'tokens.json'),
      withoutTokens: true,
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

describe('S7: a server', () => {
  const io = { env: {}, out: () => {}, err: () => {}, signal: new AbortController().signal };
  const prepare = (tokens: string, withoutTokens = false) =>
    prepareApi(io, '1.2.3', { listen: { host: '127.0.0.1', port: 0 }, tokens, withoutTokens, logLevel: 'error' });
  const refused = (file: string) =>
    expect.objectContaining({ kind: 'refused', evidence: [`no token in ${file}`] }) as Error;

  test('does not begin where the name of the file of tokens was mistyped', () => {
    const file = join(temporaryFolder(), 'tokens.jsno');
    expect(() => prepare(file)).toThrow(refused(file));
    expect(prepare(file, true).needsTokens).toBe(false);
  });

  test('does not begin again after the last token was revoked', async () => {
    const file = join(temporaryFolder(), 'tokens.json');
    await createToken(file, { name: 'ann', role: 'admin', clusters: [] });
    expect(prepare(file).needsTokens).toBe(true);
    expect(() => prepare(file, true)).toThrow(/there are tokens in/);
    await revokeToken(file, 'ann');
    expect(() => prepare(file)).toThrow(refused(file));
  });

  test('says at each start that everybody may do everything', () => {
    expect(accessText(prepare(join(temporaryFolder(), 'tokens.json'), true))).toMatch(
      /^WITHOUT TOKENS: everybody on this machine may do everything/,
    );
  });
});
