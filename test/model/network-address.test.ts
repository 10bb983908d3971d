import { BlockList, isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressGroup,
  canonicalAddress,
  parseAddress,
  parseEndpoint,
  parseSubnet,
  sameAddress,
  sameEndpoint,
  sameUrl,
  subnetContains,
  subnetsOverlap,
  unusableAddress,
  urlHost,
  type Subnet,
  isLoopback,
} from '../../model/network-address.js';

const subnet = (text: string): Subnet => {
  const parsed = parseSubnet(text);
  if (parsed === undefined) throw new Error(`${text} is no subnet`);
  return parsed;
};
const contains = (range: string, address: string): boolean => subnetContains(subnet(range), parseAddress(address)!);

describe('parseAddress', () => {
  it('agrees with Node about what an address is', () => {
    const alphabet = fc.constantFrom(
      '0',
      '1',
      '9',
      '255',
      '256',
      'a',
      'ffff',
      'fffff',
      '.',
      ':',
      '::',
      '%',
      '/',
      'x',
      ' ',
    );
    const nearly = fc.array(alphabet, { maxLength: 16 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearly), (text) => {
        const family = parseAddress(text)?.family;
        expect(family === 4).toBe(isIPv4(text));
        expect(family === 6).toBe(isIPv6(text) && !text.includes('%'));
      }),
      { numRuns: 3000 },
    );
  });

  it('reads values', () => {
    expect(parseAddress('10.203.0.11')).toEqual({ family: 4, value: 0x0acb000bn });
    expect(parseAddress('fd00::1:2')).toEqual({ family: 6, value: (0xfd00n << 112n) + 0x10002n });
    expect(parseAddress('::ffff:10.0.0.1')?.value).toBe(0xffff0a000001n);
    expect(parseAddress('2001:db8:0:0:0:0:0:1')).toEqual(parseAddress('2001:db8::1'));
  });

  it.each(['', '010.0.0.1', '1.2.3', '1.2.3.4.5', '10.0.0.1/24', ':::', '1::2::3', '::12345', 'cp1'])(
    'refuses %j',
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
    },
  );
});

describe('subnets', () => {
  it('hold what is inside', () => {
    expect(contains('10.203.0.0/24', '10.203.0.255')).toBe(true);
    expect(contains('10.203.0.0/24', '10.203.1.0')).toBe(false);
    expect(contains('10.203.0.7/24', '10.203.0.1')).toBe(true);
    expect(contains('0.0.0.0/0', '255.255.255.255')).toBe(true);
    expect(contains('10.0.0.1/32', '10.0.0.1')).toBe(true);
    expect(contains('::/0', '10.0.0.1')).toBe(false);
    expect(contains('fd00::/8', 'fdff::1')).toBe(true);
  });

  it('overlap when they share an address', () => {
    const overlap = (a: string, b: string): boolean => subnetsOverlap(subnet(a), subnet(b));
    expect(overlap('10.96.0.0/12', '10.100.0.0/16')).toBe(true);
    expect(overlap('10.100.0.0/16', '10.96.0.0/12')).toBe(true);
    expect(overlap('10.96.0.0/12', '10.112.0.0/12')).toBe(false);
    expect(overlap('10.0.0.0/8', '::/0')).toBe(false);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/08', '10.0.0/8', '/8', 'a/8'])('refuses %j', (text) => {
    expect(parseSubnet(text)).toBeUndefined();
  });
});

describe('endpoints', () => {
  it.each([
    ['10.203.0.10:6443', '10.203.0.10', 6443],
    ['[fd00::1]:443', 'fd00::1', 443],
    ['api.prod.example.org:65535', 'api.prod.example.org', 65535],
  ])('reads %s', (text, host, port) => {
    expect(parseEndpoint(text)).toEqual({ host, port });
  });

  it.each([
    '10.203.0.10',
    '10.203.0.300:6443',
    'fd00::1:6443',
    '[10.0.0.1]:1',
    'api:0',
    'api:65536',
    'https://a:1',
    'A:1',
    'a_b:1',
    ':6443',
    'a:06443',
  ])('refuses %j', (text) => {
    expect(parseEndpoint(text)).toBeUndefined();
  });

  it('are the same in every spelling', () => {
    expect(sameEndpoint('https://10.0.0.1:6443/', '10.0.0.1:6443')).toBe(true);
    expect(sameEndpoint('https://[fd00::1]:6443', '[fd00:0::1]:6443')).toBe(true);
    expect(sameEndpoint('https://api.example.org', 'api.example.org:443')).toBe(true);
    expect(sameEndpoint('https://10.0.0.1:6443', '10.0.0.1:6444')).toBe(false);
    expect(sameEndpoint('https://10.0.0.1:6443', '10.0.0.2:6443')).toBe(false);
    expect(sameEndpoint('what is this', 'what is this')).toBe(true);
  });
});

describe('addresses of hosts', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['169.254.1.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['239.0.0.1', 'multicast'],
    ['ff02::1', 'multicast'],
  ])('%s is %s', (text, because) => {
    expect(unusableAddress(parseAddress(text)!)).toContain(because);
  });

  it('others are usable', () => {
    for (const text of ['10.0.0.1', '192.168.1.1', '203.0.113.9', 'fd00::1', '2001:db8::1'])
      expect(unusableAddress(parseAddress(text)!)).toBeUndefined();
  });

  it('compare by value, and other texts as they are', () => {
    expect(sameAddress('fd00::1', 'fd00:0:0::1')).toBe(true);
    expect(sameAddress('10.0.0.1', '10.0.0.2')).toBe(false);
    expect(sameAddress('::1', '0.0.0.1')).toBe(false);
    expect(sameAddress('lb', 'lb')).toBe(true);
  });

  it('stand in URLs', () => {
    expect(urlHost('10.0.0.1')).toBe('10.0.0.1');
    expect(urlHost('fd00::1')).toBe('[fd00::1]');
  });
});

describe('R10: canonicalAddress', () => {
  /** One address in any of its spellings: full groups, leading zeros, capitals, `::` at any run of zeros, dotted end. */
  const spelling = fc
    .tuple(
      fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat(0xffff)), { minLength: 8, maxLength: 8 }),
      fc.boolean(),
      fc.boolean(),
      fc.nat(7),
      fc.nat(8),
      fc.boolean(),
    )
    .map(([groups, capitals, zeros, start, length, dotted]) => {
      const texts = groups.map((group) => group.toString(16).padStart(zeros ? 4 : 1, '0'));
      const [six = 0, seven = 0] = groups.slice(6);
      const tail = dotted ? [`${six >> 8}.${six & 255}.${seven >> 8}.${seven & 255}`] : texts.slice(6);
      const all = [...texts.slice(0, 6), ...tail];
      const end = Math.min(start + length, dotted ? 6 : 8);
      const canShorten = end > start && groups.slice(start, end).every((group) => group === 0);
      const text = canShorten ? `${all.slice(0, start).join(':')}::${all.slice(end).join(':')}` : all.join(':');
      return capitals ? text.toUpperCase() : text;
    });

  it('is how a URL of the platform spells it, and the same address', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          spelling,
          fc.ipV6().filter((text) => !text.includes('%')),
        ),
        (text) => {
          const canonical = canonicalAddress(text);
          expect(`[${canonical}]`).toBe(new URL(`https://[${text}]`).hostname);
          const only = new BlockList();
          only.addAddress(text, 'ipv6');
          expect(only.check(canonical, 'ipv6')).toBe(true);
          expect(canonicalAddress(canonical)).toBe(canonical);
          expect(sameUrl(`https://[${text}]:2380`, `https://[${canonical}]:2380`)).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each(['10.203.0.13', 'cp3.example.org', '', '2001:db8::3%eth0', '[2001:db8::3]', 'not an address'])(
    'leaves %s as it is',
    (text) => expect(canonicalAddress(text)).toBe(text),
  );
});

describe('R10: sameUrl', () => {
  it.each([
    ['https://10.0.0.1:2380', 'https://10.0.0.1:2380'],
    ['https://10.0.0.1:2380', 'https://10.0.0.1:2380/'],
    ['HTTPS://10.0.0.1:2380', 'https://10.0.0.1:2380'],
    ['https://[2001:DB8::3]:2380', 'https://[2001:db8:0:0:0:0:0:3]:2380'],
  ])('%s is %s', (a, b) => expect(sameUrl(a, b)).toBe(true));

  it.each([
    ['https://10.0.0.1:2380', 'https://10.0.0.1:2379'],
    ['https://10.0.0.1:2380', 'http://10.0.0.1:2380'],
    ['https://10.0.0.1:2380', 'https://10.0.0.10:2380'],
    ['https://[2001:db8::3]:2380', 'https://[2001:db8::30]:2380'],
    ['https://[2001:db8::3]:2380', ''],
  ])('%s is not %s', (a, b) => expect(sameUrl(a, b)).toBe(false));
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.8.9.1', '::1', '[::1]', '0:0:0:0:0:0:0:1', 'localhost'])(
    '%s is this machine alone',
    (host) => expect(isLoopback(host)).toBe(true),
  );

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org', '127.1', 'example.org', '::ffff:10.0.0.1', ''])(
    '%s may be reached from elsewhere',
    (host) => expect(isLoopback(host)).toBe(false),
  );
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::1', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['::1', '::/64'],
  ['nonsense', 'nonsense'],
])('%s is one of the network %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
