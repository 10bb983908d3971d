import { isMap, type ValueProblem } from './problem.js';

/** What is wrong with one text; `ends`: what a key with it holds is not looked at. */
interface TextProblem {
  readonly message: string;
  readonly instead: string;
  readonly ends?: true;
}

type Judge = (text: string, at: ValueProblem['at']) => TextProblem | undefined;

/** Judges every text and every key at any depth, also in what is passed through. */
export const textProblems = (value: unknown, judge: Judge, path: ValueProblem['path'] = []): ValueProblem[] => {
  const found = (text: string, at: ValueProblem['at'], where: ValueProblem['path']): ValueProblem[] => {
    const problem = judge(text, at);
    return problem === undefined ? [] : [{ path: where, at, message: problem.message, instead: problem.instead }];
  };
  if (typeof value === 'string') return found(value, 'value', path);
  if (Array.isArray(value)) return value.flatMap((item, index) => textProblems(item, judge, [...path, index]));
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...found(key, 'key', [...path, key]),
    ...(judge(key, 'key')?.ends === true ? [] : textProblems(inner, judge, [...path, key])),
  ]);
};
