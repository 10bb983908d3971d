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

const how = { hasTokens: true, withoutTokens: false, tls: true, insecureHttp: false, tokenFile: '/t.json' };
const refusalOf = (host: string, change: Partial<typeof how>): unknown => {
  try {
    return requireSafeExposure({ host, port: 7330 }, { ...how, ...change });
  } catch (error) {
    return error;
  }
};
const everywhere = ['127.0.0.1', '0.0.0.0'];

test('elsewhere than on loopback it needs tokens, and TLS or a proxy that speaks it', () => {
  const refusal = (change: Partial<typeof how>): unknown => refusalOf('0.0.0.0', change);
  expect(refusal({})).toBeUndefined();
  expect(refusal({ tls: false })).toMatchObject({
    kind: 'refused',
    remedy: expect.stringContaining('--tls-cert') as unknown,
  });
  expect(refusal({ tls: false, insecureHttp: true })).toBeUndefined();
  expect(refusal({ hasTokens: false, insecureHttp: true, tls: false })).toMatchObject({ kind: 'refused' });
  expect(refusal({ hasTokens: false, withoutTokens: true })).toMatchObject({
    kind: 'refused',
    message: 'Without tokens 0.0.0.0:7330 could be reached from other machines by anybody.',
  });
});

test.each(everywhere)('S7: without a token it opens nothing, on %s', (host) => {
  expect(refusalOf(host, { hasTokens: false })).toMatchObject({
    kind: 'refused',
    evidence: ['no token in /t.json'],
    remedy: expect.stringMatching(/quorate token create NAME --role admin.*correct --tokens/) as unknown,
  });
});

test('S7: that everybody on this machine may do everything is asked for in so many words, and only where there are no tokens', () => {
  const local = (change: Partial<typeof how>): unknown => refusalOf('127.0.0.1', { tls: false, ...change });
  expect(local({})).toBeUndefined();
  expect(local({ hasTokens: false, withoutTokens: true })).toBeUndefined();
  expect(local({ hasTokens: false })).toMatchObject({ remedy: expect.stringContaining('--without-tokens') as unknown });
  expect(local({ withoutTokens: true })).toMatchObject({
    kind: 'refused',
    message: '--without-tokens was given, and there are tokens in /t.json.',
  });
});
