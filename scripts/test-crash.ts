// npm run test:crash [-- --all]: something dies at the boundaries of activities, and the invariants of docs/design.md hold.
// Without --all a selection. --seed N repeats one; --boundaries N and --random N are its sizes; --only TEXT takes the cases
// with that text in their names; --lanes N cases run side by side, for
// --minutes N at most. With --all the result goes to docs/simulation-results.md.
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { sectionOf, summaryOf } from './test-crash/results.js';
import { runSuite } from './test-crash/suite.js';
import { writeResults } from './test-random/results.js';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    seed: { type: 'string' },
    boundaries: { type: 'string' },
    random: { type: 'string' },
    only: { type: 'string' },
    minutes: { type: 'string' },
    lanes: { type: 'string', default: '3' },
  },
});
const { all, only } = values;
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
const result = await runSuite({
  seed,
  ...(all ? {} : { boundaries: Number(values.boundaries ?? 40) }),
  random: Number(values.random ?? (all ? 150 : 12)),
  ...(only === undefined ? {} : { only }),
  lanes: Number(values.lanes),
  ...(values.minutes === undefined ? {} : { minutes: Number(values.minutes) }),
  say: (line) => console.log(line),
});
const { text, wrong } = summaryOf(result);
for (const line of wrong) console.log(line);
console.log(text);
if (all && only === undefined) {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'lab', 'scripts', 'test') === '' ? '' : ' with changes';
  const commit = `${git('rev-parse', '--short', 'HEAD')}${changed}`;
  writeResults('crash anywhere', sectionOf(result, { commit, seed, date: new Date().toISOString().slice(0, 10) }));
}
process.exit(wrong.length === 0 ? 0 : 1);
