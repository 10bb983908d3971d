import { firstUnprintable } from '../printable.js';
import type { ValueProblem } from './problem.js';
import { textProblems } from './texts.js';

/** Not a name that an object of JavaScript can have like any other. */
const impossibleKey = '__proto__';

/**
 * Texts and keys with characters that cannot be seen, at any depth, also in what is passed through: they become arguments,
 * lines of units and files, and words on terminals. And keys that no map can hold.
 */
export const characterProblems = (value: unknown): ValueProblem[] =>
  textProblems(value, (text, at) => {
    if (at === 'key' && text === impossibleKey)
      return { message: 'is not a name', instead: 'use another name', ends: true };
    const code = firstUnprintable(text);
    return code === undefined
      ? undefined
      : {
          message: `has the character ${code}, which cannot be seen`,
          instead: 'write it on one line, without control characters and marks of the direction of writing',
        };
  });
