import { firstUnprintable } from '../printable.js';
import { isMap, type ValueProblem } from './problem.js';

/** Not a name that an object of JavaScript can have like any other. */
const impossibleKey = '__proto__';

/**
 * Texts and keys with characters that cannot be seen, at any depth, also in what is passed through: they become arguments,
 * lines of units and files, and words on terminals. And keys that no map can hold.
 */
export const characterProblems = (value: unknown, path: ValueProblem['path'] = []): ValueProblem[] => {
  const found = (text: string, at: ValueProblem['at'], where: ValueProblem['path']): ValueProblem[] => {
    const code = firstUnprintable(text);
    return code === undefined
      ? []
      : [
          {
            path: where,
            at,
            message: `has the character ${code}, which cannot be seen`,
            instead: 'write it on one line, without control characters and marks of the direction of writing',
          },
        ];
  };
  if (typeof value === 'string') return found(value, 'value', path);
  if (Array.isArray(value)) return value.flatMap((item, index) => characterProblems(item, [...path, index]));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...found(key, 'key', [...path, key]),
    ...(key === impossibleKey
      ? [{ path: [...path, key], at: 'key' as const, message: 'is not a name', instead: 'use another name' }]
      : characterProblems(inner, [...path, key])),
  ]);
};
