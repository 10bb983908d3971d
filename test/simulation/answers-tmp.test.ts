import { readFileSync, writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { allowed } from './answers/allowed.js';
import { differences } from './answers/compare.js';
import { normalise } from './answers/normalise.js';
it('x', () => {
  const [lab, simulation] = ['lab', 'simulation'].map((side) => {
    const raw = JSON.parse(readFileSync(`/tmp/answers-${side}.json`, 'utf8')) as never[];
    const n = raw.map(normalise);
    writeFileSync(`/tmp/n-${side}.json`, JSON.stringify(n, undefined, 1));
    return n.filter(
      (a) =>
        !a.sender.startsWith('activity read') &&
        !a.sender.startsWith('activity check') &&
        !/^read|^describe/.test(a.sender),
    );
  });
  writeFileSync('/tmp/d.txt', differences(lab!, simulation!, allowed).join('\n'));
});
