import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { expandGlob } from '../../../../adapters/ssh/config/glob.js';
import { makeFolder } from '../support/sshd.js';

const folder = makeFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
for (const name of ['a', 'b', 'ab', 'B', '1', '-', ']', 'a b', 'a*', '.h', '{a,b}'])
  writeFileSync(join(folder, name), '');
mkdirSync(join(folder, 'sub'));
writeFileSync(join(folder, 'sub', 'a'), '');
symlinkSync('/does/not/exist', join(folder, 'gone'));

const names = (pattern: string): readonly string[] =>
  expandGlob(`${folder}/${pattern}`).map((path) => path.slice(folder.length + 1));

describe('expandGlob', () => {
  it.each<[string, readonly string[]]>([
    ['a', ['a']],
    ['none', []],
    ['?', ['-', '1', 'B', ']', 'a', 'b']],
    ['a*', ['a', 'a b', 'a*', 'ab']],
    ['a\\*', ['a*']],
    ['a\\ b', ['a b']],
    ['[ab]', ['a', 'b']],
    ['[!ab]', ['-', '1', 'B', ']']],
    ['[a-c1]', ['1', 'a', 'b']],
    ['[]a]', [']', 'a']],
    ['[!]a]', ['-', '1', 'B', 'b']],
    ['[a-]', ['-', 'a']],
    ['[-a]', ['-', 'a']],
    ['[\\]a]', [']', 'a']],
    ['[[:upper:][:digit:]]', ['1', 'B']],
    ['[[:nonsense:]]', []],
    ['[c-a]', []],
    ['[ab', []],
    ['.*', ['.h']],
    ['{a,b}', ['{a,b}']],
    ['g*', ['gone']],
    ['*/a', ['sub/a']],
    ['s?b//[a]', ['sub/a']],
  ])('%s', (pattern, expected) => {
    expect(names(pattern)).toEqual(expected);
  });

  it('finds nothing where there is no folder', () => {
    expect(expandGlob('/does/not/exist/*')).toEqual([]);
    expect(expandGlob(`/${basename('/none')}`)).toEqual([]);
  });
});
