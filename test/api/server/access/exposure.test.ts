import { expect, test } from 'vitest';
import { parseListen, requireSafeExposure, urlOf } from '../../../../api/server/access/exposure.js';

test.each([
  ['127.0.0.1:7330', { host: '127.0.0.1', port: 7330 }],
  ['[::1]:7330', { host: '::1', port: 7330 }],
  ['quorate.example.org:443', { host: 'quorate.example.org', port: 443 }],
  ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
  ['7330', undefined],
  [':7330', undefined],
  ['::1:7330', undefined],
  ['[quorate]:7330', undefined],
  ['127.0.0.1:65536', undefined],
  ['a b:1', undefined],
])('%s is %j', (text, address) => {
  expect(parseListen(text)).toEqual(address);
});

test('an address is written as a URL has it', () => {
  expect(urlOf({ host: '::1', port: 1 }, false)).toBe('http://[::1]:1');
  expect(urlOf({ host: 'example.org', port: 443 }, true)).toBe('https://example.org:443');
});

test('elsewhere than on loopback it needs tokens, and TLS or a proxy that speaks it', () => {
  const listen = { host: '0.0.0.0', port: 7330 };
  const how = { hasTokens: true, tls: true, insecureHttp: false, tokenFile: '/t.json' };
  const refusal = (change: Partial<typeof how>): unknown => {
    try {
      return requireSafeExposure(listen, { ...how, ...change });
    } catch (error) {
      return error;
    }
  };
  expect(refusal({})).toBeUndefined();
  expect(refusal({ hasTokens: false })).toMatchObject({
    kind: 'refused',
    evidence: ['no token in /t.json'],
    remedy: expect.stringContaining('quorate token create') as unknown,
  });
  expect(refusal({ tls: false })).toMatchObject({
    kind: 'refused',
    remedy: expect.stringContaining('--tls-cert') as unknown,
  });
  expect(refusal({ tls: false, insecureHttp: true })).toBeUndefined();
  expect(refusal({ hasTokens: false, insecureHttp: true, tls: false })).toMatchObject({ kind: 'refused' });
  const nothing = { hasTokens: false, tls: false, insecureHttp: false, tokenFile: '' };
  expect(requireSafeExposure({ host: '127.0.0.1', port: 1 }, nothing)).toBeUndefined();
});
