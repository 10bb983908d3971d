import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { movedSince } from './allowed.js';
import type { Answer } from './normalise.js';

/** Answers of real hosts, one file for each part of the scenario; written by `npm run record:lab-answers`. */
export const recordedFolder = 'test/simulation/recorded';

const Recorded = z.object({
  part: z.string(),
  /** Texts by their number; many answers are the same. */
  texts: z.array(z.array(z.string())),
  /** Host, sender, fingerprint of the command, end, numbers of the texts of standard output and standard error. */
  answers: z.array(z.tuple([z.string(), z.string(), z.string(), z.string(), z.number(), z.number()])),
});

const fileOf = (part: string, place: number): string =>
  `${String(place + 1).padStart(2, '0')}-${part.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.json`;

/** Writes the answers of each part, in the order of the parts. */
export const writeRecorded = (answers: readonly Answer[], folder = recordedFolder): void => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const parts = [...new Set(answers.map(({ section }) => section))];
  for (const [place, part] of parts.entries()) {
    const texts = new Map<string, number>();
    const numberOf = (lines: readonly string[]): number => {
      const text = JSON.stringify(lines);
      const number = texts.get(text) ?? texts.size;
      texts.set(text, number);
      return number;
    };
    const rows = answers
      .filter(({ section }) => section === part)
      .map(({ host, sender, command, end, out, err }) => [host, sender, command, end, numberOf(out), numberOf(err)]);
    const block = (lines: readonly string[], indent: string): string =>
      lines.length === 0 ? '[]' : `[\n${lines.map((line) => `${indent}  ${line}`).join(',\n')}\n${indent}]`;
    const text = `{
  "part": ${JSON.stringify(part)},
  "answers": ${block(
    rows.map((row) => JSON.stringify(row)),
    '  ',
  )},
  "texts": ${block(
    [...texts.keys()].map((one) =>
      block(
        (JSON.parse(one) as string[]).map((line) => JSON.stringify(line)),
        '    ',
      ),
    ),
    '  ',
  )}
}
`;
    writeFileSync(join(folder, fileOf(part, place)), text);
  }
};

/** A sender is a file and a function in it. */
const placeOfToday = (sender: string): string => sender.replace(/^\S+/, (file) => movedSince[file] ?? file);

/** Every answer that was recorded. @throws Error where there are none */
export const readRecorded = (folder = recordedFolder): Answer[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .flatMap((file) => {
      const { part, texts, answers } = Recorded.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
      return answers.map(([host, sender, command, end, out, err]) => ({
        section: part,
        host,
        sender: placeOfToday(sender),
        command,
        end,
        out: texts[out] ?? [],
        err: texts[err] ?? [],
      }));
    });
