import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const design = readFileSync(join(root, 'docs/design.md'), 'utf8');
const source = ['activities', 'adapters', 'api', 'cli', 'lab', 'model', 'scripts', 'workers', 'workflows'];
const folders = [...source, 'docs', 'examples', 'schema', 'test'];

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path));

test('every folder of the tree is in the table of the structure', () => {
  const table = design.split('\n').filter((line) => line.startsWith('| `'));
  for (const folder of folders) expect(table.join('\n')).toContain(`\`${folder}/`);
  for (const parent of ['adapters', 'api', 'model']) {
    const row = table.filter((line) => line.startsWith(`| \`${parent}/`)).join('\n');
    for (const entry of readdirSync(join(root, parent), { withFileTypes: true }))
      if (entry.isDirectory() && filesOf(join(parent, entry.name)).length > 0)
        expect(row).toMatch(new RegExp(`\`(${parent}/)?${entry.name}/\``));
  }
});

test('each decision has a heading of its own', () => {
  const headings = [...design.matchAll(/^###? (.+)$/gm)].map(([, heading]) => heading);
  expect(new Set(headings).size).toBe(headings.length);
});

/** Places such as "docs/design.md, The server is the mutex" in comments, which may be broken over lines, and in messages. */
const citations = (text: string): (readonly [page: string, heading: string])[] =>
  [...text.replaceAll(/\n\s*(\*|\/\/)\s?/g, ' ').matchAll(/docs\/([\w-]+\.md), ([A-Z][^.;()`'"$]*)/g)].map(
    ([, page = '', heading = '']) => [page, heading.trim()],
  );

describe('a heading of the docs that the source cites exists', () => {
  const cited = source.flatMap(filesOf).flatMap((file) => {
    const found = citations(readFileSync(join(root, file), 'utf8'));
    return found.map(([page, heading]) => ({ file, page, heading }));
  });

  test('some are cited', () => {
    expect(cited.length).toBeGreaterThan(3);
  });

  test.each(cited)('$file: $page, $heading', ({ page, heading }) => {
    expect(readFileSync(join(root, 'docs', page), 'utf8').split('\n')).toContainEqual(
      expect.stringMatching(new RegExp(`^#+ ${heading.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}$`)),
    );
  });
});

test('an invariant that the source cites exists', () => {
  const invariants = [...design.matchAll(/^(\d+)\. \*\*/gm)].map(([, number]) => Number(number));
  for (const file of [...source, 'test'].flatMap(filesOf))
    for (const [, number] of readFileSync(join(root, file), 'utf8').matchAll(/\binvariant (\d+)/g))
      expect(invariants, file).toContain(Number(number));
});
