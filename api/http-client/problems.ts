import { z } from 'zod';
import { QuorateError, isFailureType } from '../../model/failures/failure.js';
import { OperatorError, type OperatorErrorKind } from '../../model/failures/operator-error.js';
import { SpecificationInvalid } from '../client/client.js';
import { ProblemDetails, failureType, problemType } from '../http/problem-details.js';

/** The API's own kinds of problem, as kinds of OperatorError. */
const kinds: Readonly<Record<string, OperatorErrorKind>> = {
  'bad-usage': 'bad-usage',
  'key-reused': 'key-reused',
  'not-found': 'not-found',
  ambiguous: 'ambiguous',
  refused: 'refused',
  failed: 'failed',
  'temporal-unreachable': 'temporal-unreachable',
  'bad-request': 'bad-usage',
  'body-too-large': 'bad-usage',
  unauthenticated: 'refused',
  forbidden: 'refused',
  'wrong-host': 'refused',
  'too-many-requests': 'temporal-unreachable',
  'shutting-down': 'temporal-unreachable',
};

const remedies: Readonly<Record<string, string>> = {
  unauthenticated:
    'Set QUORATE_TOKEN, or QUORATE_TOKEN_FILE, to a token that `quorate token create NAME` made on the server.',
};

/** The problem that an answer carries; undefined when it does not come from a Quorate server. */
export const readProblem = (text: string): ProblemDetails | undefined => {
  try {
    return ProblemDetails.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** The error that the use case itself would have thrown. */
export const errorOf = (problem: ProblemDetails): Error => {
  const { type, detail, remedy, evidence, problems, file, host, requestId } = problem;
  if (type === `${problemType}invalid-specification`) return new SpecificationInvalid(file ?? 'cluster.yaml', problems);
  const failure = type.startsWith(failureType) ? type.slice(failureType.length) : undefined;
  if (isFailureType(failure)) {
    return new QuorateError(failure, detail, { remedy, evidence, ...(host === undefined ? {} : { host }) });
  }
  const kind = type.startsWith(problemType) ? type.slice(problemType.length) : '';
  const known = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  return new OperatorError(known ?? 'failed', detail, {
    remedy: remedies[kind] ?? remedy,
    evidence: known === undefined ? [...evidence, `request ${requestId} in the server's log`] : evidence,
  });
};
