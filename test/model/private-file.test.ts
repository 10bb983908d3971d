import { describe, expect, it } from 'vitest';
import { openToOthers } from '../../model/private-file.js';

const regular = 0o100000;

describe('openToOthers', () => {
  it.each([
    [0o600, 1000, undefined],
    [0o400, 1000, undefined],
    [0o700, 1000, undefined],
    [0o640, 1000, 'chmod 600 /f'],
    [0o604, 1000, 'chmod 600 /f'],
    [0o620, 1000, 'chmod 600 /f'],
    [0o644, 1000, 'chmod 600 /f'],
    // Root's, for a group of ours.
    [0o640, 0, undefined],
    [0o440, 0, undefined],
    [0o660, 0, 'chmod 640 /f'],
    [0o644, 0, 'chmod 640 /f'],
  ])('S18: mode %o of user %i', (mode, uid, remedy) => {
    const found = openToOthers('/f', 'a secret', { mode: regular | mode, uid }, 1000);
    if (remedy === undefined) return expect(found).toBeUndefined();
    expect(found).toMatchObject({
      kind: 'bad-usage',
      message: '/f holds a secret and may be read or written by others.',
      evidence: [`its mode is 0${mode.toString(8)}`],
      remedy: `Run \`${remedy}\`.`,
    });
  });

  it('S18: a pipe and a terminal are no files', () => {
    expect(openToOthers('/f', 'a secret', { mode: 0o010666, uid: 1000 }, 1000)).toBeUndefined();
    expect(openToOthers('/f', 'a secret', { mode: 0o020620, uid: 1000 }, 1000)).toBeUndefined();
  });

  it('S18: with bits of its own, whoever is the owner', () => {
    expect(openToOthers('/f', 'a secret', { mode: regular | 0o640, uid: 0 }, 1000, 0o077)?.remedy).toContain('600');
  });
});
