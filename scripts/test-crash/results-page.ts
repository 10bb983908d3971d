import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const title = `# Results of the long runs on simulated hosts

Each section is written by the command that it names.
`;

const marks = (section: string): readonly [string, string] => [
  `<!-- ${section}: begin -->`,
  `<!-- ${section}: end -->`,
];

/** Puts a section into a page, in place of the one that a former run has written. */
export const writeSection = (page: string, section: string, text: string): void => {
  const before = existsSync(page) ? readFileSync(page, 'utf8') : title;
  const [begin, end] = marks(section);
  const block = `${begin}\n\n${text}\n\n${end}`;
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  writeFileSync(
    page,
    from === -1 || to === -1
      ? `${before.trimEnd()}\n\n${block}\n`
      : `${before.slice(0, from)}${block}${before.slice(to + end.length)}`,
  );
};
