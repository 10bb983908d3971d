import { describe, expect, it } from 'vitest';
import { canonicalAddress } from '../../../../adapters/ssh/config/address.js';

describe('canonicalAddress', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['10.1.256', '10.1.1.0'],
    ['2130706433', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['010.0.0.1', '8.0.0.1'],
    ['FD00:0:0::1', 'fd00::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each(['', 'cp1', '10.0.0.256', '1.2.3.4.5', '4294967296', '08.0.0.1', '1..2', 'fd00::g', '10.0.0.1%eth0', '-1'])(
    '%j is none',
    (text) => {
      expect(canonicalAddress(text)).toBeUndefined();
    },
  );

  it('of the family that is wanted', () => {
    expect(canonicalAddress('fd00::1', 'inet')).toBeUndefined();
    expect(canonicalAddress('10.0.0.1', 'inet6')).toBeUndefined();
  });
});
