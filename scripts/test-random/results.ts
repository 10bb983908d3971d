import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const file = 'docs/simulation-results.md';
const title =
  '# Results on simulated hosts\n\nEach section is written by the command that it names, with the commit it was run on.\n';

/** Replaces one section of docs/simulation-results.md, or adds it. @param section its heading, in lower case */
export const writeResults = (section: string, lines: readonly string[]): void => {
  const heading = `## ${section.charAt(0).toUpperCase()}${section.slice(1)}`;
  const before = existsSync(file) ? readFileSync(file, 'utf8') : title;
  const [head = '', ...sections] = before.split(/^(?=## )/m);
  const text = `${heading}\n\n${lines.join('\n')}\n`;
  const at = sections.findIndex((one) => one.startsWith(`${heading}\n`));
  if (at === -1) sections.push(text);
  else sections[at] = text;
  writeFileSync(file, [head.trimEnd(), ...sections.map((one) => one.trim())].join('\n\n') + '\n');
};
