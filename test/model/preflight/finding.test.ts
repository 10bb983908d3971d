import { describe, expect, it } from 'vitest';
import { covers, halfReset, resetSubject } from '../../../model/preflight/finding.js';

const given = { reset: 'm1', owner: 'https://10.9.0.5:6443 sha256:41fe', etcdData: true };
const node = 'uid-1';

describe('R8: an approval of a reset covers what would be destroyed now', () => {
  it.each([
    ['the same', given, given, true],
    ['what is left of it: no etcd data any more', given, { ...given, etcdData: false }, true],
    ['what is left of it: nothing tells whose it was', given, { ...given, owner: halfReset, etcdData: false }, true],
    ['etcd data that was not there', { ...given, etcdData: false }, given, false],
    ['another machine', given, { ...given, reset: 'm2' }, false],
    ['another owner', given, { ...given, owner: 'this cluster' }, false],
    ['an owner that is not known', given, { ...given, owner: 'unknown' }, false],
    ['a Ready Node that was not there', given, { ...given, node }, false],
    ['the Ready Node that was shown', { ...given, node }, { ...given, node }, true],
    ['another Ready Node', { ...given, node }, { ...given, node: 'uid-2' }, false],
    ['its Node being gone', { ...given, node }, given, true],
  ])('%s', (_, approved, now, expected) => {
    expect(covers(resetSubject(approved), resetSubject(now))).toBe(expected);
  });

  it('says nothing of anything else', () => {
    expect(covers('8e9e05c52164694d', '8e9e05c52164694d')).toBe(true);
    expect(covers('8e9e05c52164694d', '91bc3c398fb3c146')).toBe(false);
    expect(covers('unknown', resetSubject(given))).toBe(false);
    expect(covers(resetSubject(given), '{"reset":"m1"}')).toBe(false);
    expect(covers('{', '[')).toBe(false);
  });
});
