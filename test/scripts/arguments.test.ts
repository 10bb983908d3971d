import { expect, test } from 'vitest';
import { readOptions } from '../../scripts/arguments.js';

const options = {
  seed: { type: 'string' },
  lanes: { type: 'string', default: '3' },
  all: { type: 'boolean', default: false },
} as const;
const read = (...args: string[]) => readOptions(args, 'the usage', options, ['seed', 'lanes']);

test('options and their defaults', () => {
  expect(read('--seed', '7', '--all')).toEqual({ values: { seed: '7', lanes: '3', all: true } });
  expect(read()).toEqual({ values: { lanes: '3', all: false } });
});

test('--help says what there is', () => expect(read('--help')).toEqual({ text: 'the usage', exitCode: 0 }));

test.each([
  [['--sede', '7'], /^Unknown option '--sede'/],
  [['--seed', 'x'], /^--seed is a number, not "x"/],
  [['--seed'], /argument missing/],
  [['7'], /^Unexpected argument '7'/],
])('%j is refused, with the usage', (args, message) => {
  const refused = read(...args);
  expect(refused).toMatchObject({ exitCode: 2, text: expect.stringMatching(message) as unknown });
  expect(refused).toMatchObject({ text: expect.stringMatching(/\n\nthe usage$/) as unknown });
});
