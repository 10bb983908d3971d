import { describe, expect, test } from 'vitest';
import { isBootstrapToken, secretPatterns } from '../../model/secret-patterns.js';

const key = '0123456789abcdef'.repeat(4);
const found = (pattern: RegExp, text: string): string[] => [...text.matchAll(pattern)].map(([whole]) => whole);

describe('secrets within a text', () => {
  test('a bootstrap token, with its id as a group', () => {
    expect(found(secretPatterns.bootstrapToken, '"abcdef.0123456789abcdef", x')).toEqual(['abcdef.0123456789abcdef']);
    expect('--token abcdef.0123456789abcdef'.replaceAll(secretPatterns.bootstrapToken, '$1')).toBe('--token abcdef');
    expect(found(secretPatterns.bootstrapToken, 'abcdef.0123456789abcdef0 abcdef-0123456789abcdef')).toEqual([]);
  });

  test('a certificate key, which is not a hash that says so, nor a part of longer hex', () => {
    expect(found(secretPatterns.certificateKey, `key=${key}\nx${key}`)).toEqual([key, key]);
    expect(found(secretPatterns.certificateKey, `sha256:${key} ${key}a`)).toEqual([]);
  });

  test('a token of the API, a secret of a webhook and a private key, to their ends', () => {
    const token = `quorate_${'A-_z'.repeat(11).slice(0, 43)}`;
    const text = `${token}," whsec_QUJD/+==". -----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY----- end`;
    expect(found(secretPatterns.apiToken, text)).toEqual([token]);
    expect(found(secretPatterns.webhookSecret, text)).toEqual(['whsec_QUJD/+==']);
    expect(text.replaceAll(secretPatterns.privateKey, '')).toMatch(/\. {2}end$/);
  });
});

test('a whole text is a bootstrap token', () => {
  expect(isBootstrapToken('abcdef.0123456789abcdef')).toBe(true);
  for (const no of ['', ' abcdef.0123456789abcdef', 'abcdef.0123456789abcdef\n', 'ABCDEF.0123456789abcdef'])
    expect(isBootstrapToken(no)).toBe(false);
});
