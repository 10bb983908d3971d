import type { z } from 'zod';
import { shown } from './fields.js';
import { type ValueProblem, valueAt } from './problem.js';
import { exampleAt, keysAt, requiredKeysAt } from './schema-walk.js';
import { Specification } from './specification.js';
import { suggest } from './suggest.js';

type Issue = z.core.$ZodIssue;
type Path = (string | number)[];

const words: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a map',
  record: 'a map',
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return `the text ${shown(value)}`;
  return typeof value === 'number' ? `the number ${String(value)}` : shown(value);
};

/** The example as YAML flow: plain where it is plain. */
const asYaml = (example: unknown): string =>
  typeof example === 'string' && /^[A-Za-z0-9][A-Za-z0-9._/:-]*$/.test(example) ? example : JSON.stringify(example);

const likeExample = (path: Path, otherwise: string): string => {
  const example = exampleAt(Specification, path);
  return example === undefined ? otherwise : `write for example ${asYaml(example)}`;
};

/** Message of a field that is not there. */
export const missingMessage = 'is missing';

const missing = (path: Path): ValueProblem => {
  const key = String(path.at(-1) ?? 'it');
  const example = exampleAt(Specification, path);
  const keys = requiredKeysAt(Specification, path);
  return {
    path,
    at: 'key',
    message: missingMessage,
    instead:
      example !== undefined
        ? `add ${key}: ${asYaml(example)}`
        : keys.length > 0
          ? `add ${key} with ${keys.join(', ')}`
          : `add ${key}`,
  };
};

const wrongType = (path: Path, value: unknown, expected: string): ValueProblem => ({
  path,
  at: 'value',
  message: `is ${kindOf(value)}, not ${words[expected] ?? expected}`,
  instead:
    // 1.37 or true without quotes is a number or a truth value to YAML.
    expected === 'string' && (typeof value === 'number' || typeof value === 'boolean')
      ? likeExample(path, `quote it: "${String(value)}"`)
      : likeExample(path, `write ${words[expected] ?? expected}`),
});

const wrongChoice = (path: Path, value: unknown, choices: readonly unknown[]): ValueProblem => {
  const names = choices.map(String);
  const meant = typeof value === 'string' ? suggest(value, names) : undefined;
  return {
    path,
    at: 'value',
    message: `${shown(value)} is not one of ${names.join(', ')}`,
    instead:
      meant === undefined && names.length > 1 ? `write one of ${names.join(', ')}` : `write ${meant ?? names.join()}`,
  };
};

const unknownKeys = (path: Path, keys: readonly string[], value: unknown): ValueProblem[] => {
  const known = keysAt(Specification, path, value);
  return keys.map((key) => {
    const meant = suggest(key, known);
    return {
      path: [...path, key],
      at: 'key',
      message: 'there is no such field',
      instead: meant === undefined ? `leave it out, or write one of ${known.join(', ')}` : `did you mean ${meant}?`,
      ...(meant === undefined ? {} : { meant: [...path, meant] }),
    };
  });
};

/** An issue of the schema as problems with a way out. */
export const problemsOfIssue = (issue: Issue, root: unknown, base: Path = []): ValueProblem[] => {
  const path: Path = [...base, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  const value = valueAt(root, path);
  const params = issue.code === 'custom' ? (issue.params as { instead?: string; at?: 'key' } | undefined) : undefined;
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownKeys(path, issue.keys, value);
    case 'invalid_type':
      return [value === undefined ? missing(path) : wrongType(path, value, issue.expected)];
    case 'invalid_value':
      return [value === undefined ? missing(path) : wrongChoice(path, value, issue.values)];
    case 'invalid_union':
      // Only load balancers are a union, told apart by their kind.
      return [value === undefined ? missing(path) : wrongChoice(path, value, ['haproxy', 'external'])];
    case 'invalid_key': {
      const key = String(path.at(-1));
      const lower = key.toLowerCase();
      return [
        {
          path,
          at: 'key',
          message: issue.issues[0]?.message ?? 'is not a valid name',
          instead: lower === key ? 'use another name' : `write for example ${lower}`,
        },
      ];
    }
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'not_multiple_of':
    case 'too_big':
    case 'too_small':
      return [
        {
          path,
          at: params?.at ?? 'value',
          message: issue.message,
          instead: params?.instead ?? likeExample(path, 'correct it'),
        },
      ];
  }
};
