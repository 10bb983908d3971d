// npm run test:crash [-- --all]: something dies at the boundaries of activities, and the invariants of docs/design.md hold.
import { execFileSync } from 'node:child_process';
import { optionsOf } from './arguments.js';
import { sectionOf, summaryOf } from './test-crash/results.js';
import { runSuite } from './test-crash/suite.js';
import { writeResults } from './test-random/results.js';

const usage = `Crashes at the boundaries of activities, and at random moments inside them, on simulated hosts; then checks the invariants.

  --all           every boundary of every activity, and 150 random moments; the result goes to docs/simulation-results.md
  --seed N        repeats a selection (default: a random one)
  --boundaries N  size of the selection of boundaries (default 40)
  --random N      how many random moments (default 12; with --all 150)
  --only TEXT     cases with that text in their names
  --lanes N       cases side by side (default 3)
  --minutes N     begins no further case after that time (default: no limit)`;

const values = optionsOf(
  usage,
  {
    all: { type: 'boolean', default: false },
    seed: { type: 'string' },
    boundaries: { type: 'string' },
    random: { type: 'string' },
    only: { type: 'string' },
    minutes: { type: 'string' },
    lanes: { type: 'string', default: '3' },
  },
  ['seed', 'boundaries', 'random', 'minutes', 'lanes'],
);
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
  const changed = git('status', '--porcelain', '--', '*.ts') === '' ? '' : ' with changes';
  const commit = `${git('rev-parse', '--short', 'HEAD')}${changed}`;
  writeResults('crash anywhere', sectionOf(result, { commit, seed, date: new Date().toISOString().slice(0, 10) }));
}
process.exit(wrong.length === 0 ? 0 : 1);
