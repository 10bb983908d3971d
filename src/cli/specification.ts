import { readFileSync } from 'node:fs';
import { parseSpecification, problemText, type Problem } from '../api/specification-file.js';
import { OperatorError, errorText } from '../model/operator-error.js';
import type { Specification } from '../model/specification/specification.js';

/** The specification is wrong; carries every problem with its place. */
export class SpecificationInvalid extends Error {
  override readonly name = 'SpecificationInvalid';
  constructor(
    readonly file: string,
    readonly problems: readonly Problem[],
  ) {
    super(`${file} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`);
  }
}

/**
 * Reads and checks a cluster.yaml.
 *
 * @throws OperatorError (bad-usage) when the file cannot be read, SpecificationInvalid with every problem in it.
 */
export const readSpecification = (file: string): { specification: Specification; warnings: readonly Problem[] } => {
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
  return parsed;
};

export const warningsText = (warnings: readonly Problem[]): string =>
  warnings.map((warning) => `warning: ${problemText(warning)}\n`).join('');
