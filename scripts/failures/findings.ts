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
  /** By number, from 1, without a gap. */
  readonly findings: readonly Finding[];
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
];
