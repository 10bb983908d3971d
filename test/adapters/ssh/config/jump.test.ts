import { describe, expect, it } from 'vitest';
import { parseJump, parseJumps } from '../../../../adapters/ssh/config/jump.js';

describe('parseJump', () => {
  it('takes user and port apart', () => {
    expect(parseJump('bastion')).toEqual({ name: 'bastion' });
    expect(parseJump('me@bastion:2222')).toEqual({ name: 'bastion', user: 'me', port: 2222 });
    expect(parseJump('me@corp@bastion')).toEqual({ name: 'bastion', user: 'me@corp' });
    expect(parseJump('ssh://me@bastion:2222/')).toEqual({ name: 'bastion', user: 'me', port: 2222 });
    expect(parseJump('ssh://m%20e;x=y@bastion')).toEqual({ name: 'bastion', user: 'm e' });
    expect(parseJump('me@[fd00::1]:2222')).toEqual({ name: 'fd00::1', user: 'me', port: 2222 });
    expect(parseJump('bastion:')).toEqual({ name: 'bastion' });
  });

  it.each(['', '@bastion', 'fd00::1', 'bastion:x', 'bastion:0', 'a/b', '[fd00::1', '[fd00::1]x', 'ssh://bastion/path'])(
    'refuses %j, as ssh does',
    (text) => {
      expect(parseJump(text)).toBeUndefined();
    },
  );
});

describe('parseJumps', () => {
  it('takes a list, with blanks, quotes and a comment', () => {
    expect(parseJumps('outer, me@inner:22 # near')).toEqual([
      { name: 'outer' },
      { name: 'inner', user: 'me', port: 22 },
    ]);
    expect(parseJumps('"bastion"')).toEqual([{ name: 'bastion' }]);
  });

  it('says what is wrong', () => {
    expect(parseJumps('a,,b')).toContain('"" is no jump host');
    expect(parseJumps('a b')).toContain('"a b" is more than a host');
    expect(parseJumps('`id`')).toContain('more than a host');
  });
});
