import { readFileSync } from 'node:fs';
import { SpecificationInvalid, type SpecificationText } from '../api/client/client.js';
import { parseSpecification, problemText, type Problem } from '../api/client/specification-file.js';
import { OperatorError, errorText } from '../model/failures/operator-error.js';
import { printable } from './format/text.js';
import type { Specification } from '../model/specification/specification.js';

export interface ReadSpecification {
  /** As it is handed on: whoever carries it out reads it again. */
  readonly text: SpecificationText;
  readonly specification: Specification;
  readonly warnings: readonly Problem[];
}

/**
 * Reads and checks a cluster.yaml.
 *
 * @throws OperatorError (bad-usage) when the file cannot be read, SpecificationInvalid with every problem in it.
 */
export const readSpecification = (file: string): ReadSpecification => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new OperatorError('bad-usage', `The specification cannot be read: ${errorText(error)}`, {
      remedy: 'Name the file with -f FILE; the default is ./cluster.yaml. Examples are in examples/.',
      cause: error,
    });
  }
  const parsed = parseSpecification(text, file);
  if (!parsed.ok) throw new SpecificationInvalid(file, parsed.problems);
  return { text: { text, file }, specification: parsed.specification, warnings: parsed.warnings };
};

export const warningsText = (warnings: readonly Problem[]): string =>
  warnings.map((warning) => `warning: ${printable(problemText(warning))}\n`).join('');
