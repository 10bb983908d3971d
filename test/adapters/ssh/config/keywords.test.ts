import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isKeyword, keywordGroups, keywordsOf } from '../../../../adapters/ssh/config/keywords.js';
import { isRead } from '../../../../adapters/ssh/config/settings.js';
import { needs, part } from '../../../support/needs.js';
import { opensshClient } from '../support/ssh-g.js';

const manual = '/usr/share/man/man5/ssh_config.5.gz';

/** As docs/ssh.md has it. */
const table = [
  '| keyword | | |',
  '| --- | --- | --- |',
  ...keywordGroups.map(
    (group) =>
      `| ${keywordsOf(group)
        .map((keyword) => `\`${keyword}\``)
        .join(' ')} | ${group.fate} | ${group.what} |`,
  ),
].join('\n');

describe('keywordGroups', () => {
  it('S10: docs/ssh.md has the table', () => {
    expect(readFileSync('docs/ssh.md', 'utf8')).toContain(`${table}\n`);
  });

  it('S10: has each keyword once', () => {
    const all = keywordGroups.flatMap((group) => keywordsOf(group)).map((keyword) => keyword.toLowerCase());
    expect(all.filter((keyword, index) => all.indexOf(keyword) !== index)).toEqual([]);
  });

  it('S10: says of no keyword that is read that it means nothing, and of none that is not that it is followed', () => {
    const sections = ['host', 'match', 'include'];
    for (const group of keywordGroups) {
      for (const keyword of keywordsOf(group).map((spelled) => spelled.toLowerCase())) {
        const counts = sections.includes(keyword) || isRead(keyword);
        expect({ keyword, counts }).toEqual({ keyword, counts: group.fate !== 'of no meaning here' });
      }
    }
  });

  it('S10: has what the manual of OpenSSH has', needs(part('the manual of ssh_config', existsSync(manual))), () => {
    const page = gunzipSync(readFileSync(manual)).toString();
    const keywords = [...page.matchAll(/^\.It Cm (\w+)/gm)].flatMap(([, word = '']) =>
      /^[A-Z]/.test(word) ? [word] : [],
    );
    expect(keywords.length).toBeGreaterThan(90);
    expect(keywords.filter((keyword) => !isKeyword(keyword.toLowerCase()))).toEqual([]);
  });

  it('S10: has what `ssh -G` prints', needs(opensshClient), () => {
    const printed = execFileSync('ssh', ['-G', '-F', '/dev/null', 'host'], { encoding: 'utf8' });
    const keywords = printed
      .trim()
      .split('\n')
      .map((line) => line.replace(/ .*/, '').toLowerCase());
    expect(keywords.length).toBeGreaterThan(60);
    expect(keywords.filter((keyword) => !isKeyword(keyword))).toEqual([]);
  });

  it('S10: a keyword that `ssh` passes over today is one of those', needs(opensshClient), () => {
    const group = keywordGroups.find(({ what }) => what.includes('passes over'));
    for (const keyword of group === undefined ? [] : keywordsOf(group)) {
      const { status } = spawnSync('ssh', ['-G', '-F', '/dev/null', '-o', `${keyword}=1`, 'host']);
      expect({ keyword, status }).toEqual({ keyword, status: 0 });
    }
  });
});
