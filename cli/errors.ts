import { QuorateError } from '../model/failures/failure.js';
import { SpecificationInvalid } from '../api/client/client.js';
import { problemText } from '../api/client/specification-file.js';
import { OperatorError, errorText } from '../model/failures/operator-error.js';
import { codeOfErrorKind, exitCodes } from './exit-codes.js';
import { printable } from './format/text.js';
import { Interrupted } from './interrupt.js';
import type { Io } from './io.js';

interface Problem {
  readonly type: string;
  readonly message: string;
  readonly evidence: readonly string[];
  readonly remedy?: string;
  readonly code: number;
}

const describe = (error: unknown): Problem => {
  if (error instanceof Interrupted) {
    const { message, evidence } = error;
    return { type: 'interrupted', message, evidence, code: exitCodes.interrupted };
  }
  if (error instanceof OperatorError) {
    const { kind, message, evidence, remedy } = error;
    return { type: kind, message, evidence, remedy, code: codeOfErrorKind(kind) };
  }
  if (error instanceof QuorateError) {
    const { type, message, details } = error;
    const ofUsage = type === 'UnknownHost' || type === 'InvalidSpecification';
    return { type, message, ...details, code: ofUsage ? exitCodes.badUsage : exitCodes.failed };
  }
  if (error instanceof SpecificationInvalid) {
    return {
      type: 'InvalidSpecification',
      message: `${error.message}, nothing was asked for.`,
      evidence: error.problems.map(problemText),
      remedy: 'Mend the lines above and run the command again.',
      code: exitCodes.badUsage,
    };
  }
  // Lines of the message are no places.
  const places = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  const stack = places.slice(0, 5);
  return {
    type: 'defect',
    message: `Unexpected: ${errorText(error)}`,
    evidence: stack.map((line) => line.trim()),
    remedy: 'This is a defect of Quorate: please report it with the lines above.',
    code: exitCodes.failed,
  };
};

/** Says what happened, where, why and what to do next. @returns the exit code. */
export const reportError = (error: unknown, io: Io, json: boolean): number => {
  const { code, ...problem } = describe(error);
  if (json) {
    io.out(`${JSON.stringify({ error: problem })}\n`);
    return code;
  }
  io.err(`${code === exitCodes.interrupted ? '' : 'error: '}${printable(problem.message)}\n`);
  for (const line of problem.evidence) io.err(`  ${printable(line)}\n`);
  if (problem.remedy !== undefined) io.err(`What to do: ${printable(problem.remedy)}\n`);
  return code;
};
