import { parentPort } from 'node:worker_threads';
import type { SpecificationText } from '../../client/client.js';
import { parseSpecification, type ParsedSpecification, type Problem } from '../../client/specification-file.js';
import { exampleSpecification } from '../example.js';

// What runs in a thread of its own: reader-thread.ts starts it and ends it when it takes too long.

/** More are of use to nobody. */
const problemsAtMost = 500;

/** What is quoted of the text may be as long as the text. */
const shortened = (problem: Problem): Problem => ({
  ...problem,
  path: problem.path.slice(0, 500),
  message: problem.message.slice(0, 1_000),
  instead: problem.instead.slice(0, 1_000),
});

const bounded = (problems: readonly Problem[]): Problem[] => problems.slice(0, problemsAtMost).map(shortened);

const read = ({ text, file }: SpecificationText): ParsedSpecification => {
  try {
    const parsed = parseSpecification(text, file);
    return parsed.ok
      ? { ...parsed, warnings: bounded(parsed.warnings) }
      : { ok: false, problems: bounded(parsed.problems) };
  } catch (error) {
    // The stack is used up.
    if (!(error instanceof RangeError)) throw error;
    const message = 'it is nested too deeply to be read';
    const instead = 'write one cluster as examples/ show it';
    return { ok: false, problems: [{ file, line: 1, column: 1, path: '', message, instead }] };
  }
};

// What is built lazily at the first use is not part of anybody's time.
parseSpecification(exampleSpecification, 'cluster.yaml');
parentPort?.on('message', (specification: SpecificationText) => parentPort?.postMessage(read(specification)));
parentPort?.postMessage('ready');
