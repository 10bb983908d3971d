import { attackFindings } from './findings/attack.js';
import { reviewFindings } from './findings/review.js';

/** A fault of Quorate's own that somebody found, mended, in words. */
export interface Finding {
  readonly number: number;
  /** What went wrong, one sentence without its full stop. */
  readonly fault: string;
  /** What holds now. */
  readonly now: string;
}

/** A list of findings with a letter of its own, and its place on the page. */
export interface FindingList {
  /** One capital letter other than F, which is the matrix of failures. */
  readonly prefix: string;
  readonly heading: string;
  readonly introduction: string;
  /** In the order of their numbers. */
  readonly findings: readonly Finding[];
  /** Numbers of those that are not mended yet: with the others they go from 1 up without a gap. Default none. */
  readonly open?: readonly number[];
}

/** Every list, in the order of the page. A new one is an entry here and a file in `findings/`. */
export const findingLists: readonly FindingList[] = [
  {
    prefix: 'R',
    heading: 'Found by review',
    introduction:
      'Faults of Quorate itself that a review found by trying to make it destroy what lives, lose what it was asked for, or say what is not so. Each has a test by its number that failed before.',
    findings: reviewFindings,
  },
  {
    prefix: 'S',
    heading: 'Found by attack',
    introduction:
      'Faults of Quorate itself that an attack on it found, most of one root: what the caller wrote was believed where the world should be asked. Each has a test by its number that failed before.',
    findings: attackFindings,
    open: [5, 6],
  },
];
