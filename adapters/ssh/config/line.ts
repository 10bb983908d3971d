import { QuorateError } from '../../../model/failures/failure.js';
import { isKeyword } from './keywords.js';
import { cutWord, splitWords } from './words.js';

/** A line of a client configuration that says something. */
export interface Line {
  readonly file: string;
  /** Counted from 1. */
  readonly number: number;
  /** In lower case. */
  readonly keyword: string;
  readonly words: readonly string[];
  /** What follows the keyword, as it is written. */
  readonly text: string;
}

/** Values that may hold a password, and never go into a message; neither do those of keywords that nobody knows. */
const isShown = ({ keyword, text }: Pick<Line, 'keyword' | 'text'>): boolean =>
  isKeyword(keyword) && !/command$|^setenv$/.test(keyword) && !(keyword === 'match' && /exec/i.test(text));

/** The refusal of a line: what OpenSSH refuses too, or what Quorate does not know how to follow. */
export const refuseLine = (
  line: Pick<Line, 'file' | 'number' | 'keyword' | 'text'>,
  why: string,
  remedy = 'correct the line until `ssh -G HOST` accepts it',
): QuorateError => {
  const said = isShown(line) ? `${line.keyword} ${line.text}`.trim() : line.keyword;
  return new QuorateError('InvalidSpecification', `${line.file} line ${line.number}, "${said}": ${why}`, { remedy });
};

/** Undefined for blank lines and comments. */
export const parseLine = (raw: string, file: string, number: number): Line | undefined => {
  const trimmed = raw.replace(/[ \t\r\n\f]+$/, '');
  let cut = cutWord(trimmed);
  if (cut?.word === '' && cut.rest !== undefined) cut = cutWord(cut.rest);
  // OpenSSH passes over a line whose keyword begins a quote that does not end.
  if (cut === undefined || cut.word === '' || cut.word.startsWith('#')) return undefined;
  const keyword = cut.word.toLowerCase();
  const text = cut.rest?.replace(/^[ \t\r\n]+/, '') ?? '';
  const place = { file, number, keyword, text };
  if (text === '') throw refuseLine(place, 'nothing follows the keyword');
  const words = splitWords(text);
  if (words === undefined) throw refuseLine(place, 'a quote does not end');
  return { ...place, words };
};
