import { STATUS_CODES } from 'node:http';
import { QuorateError, type FailureType } from '../../../model/failures/failure.js';
import { OperatorError, type OperatorErrorKind } from '../../../model/failures/operator-error.js';
import { SpecificationInvalid } from '../../client/client.js';
import { Outage } from '../../client/temporal-calls.js';
import { failureType, problemType, type ProblemDetails } from '../../http/problem-details.js';

/** Kinds of problem that are the API's own; the others are those of OperatorError, and failure types. */
const apiKinds = {
  'invalid-specification': 422,
  'bad-request': 400,
  unauthenticated: 401,
  forbidden: 403,
  'no-such-route': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  'request-timeout': 408,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  'wrong-host': 421,
  'too-many-requests': 429,
  'headers-too-large': 431,
  defect: 500,
  'shutting-down': 503,
} as const;
export type ApiProblemKind = keyof typeof apiKinds;

const operatorKinds = {
  'bad-usage': 400,
  'key-reused': 422,
  'not-found': 404,
  ambiguous: 409,
  refused: 409,
  failed: 502,
  'temporal-unreachable': 503,
} as const satisfies Record<OperatorErrorKind, number>;

/** A problem of the API itself, as its hooks and routes throw it. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly remedy: string;
  readonly evidence: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    readonly kind: ApiProblemKind,
    detail: string,
    more: { remedy: string; evidence?: readonly string[]; headers?: Readonly<Record<string, string>> },
  ) {
    super(detail);
    this.remedy = more.remedy;
    this.evidence = more.evidence ?? [];
    this.headers = more.headers ?? {};
  }
  get status(): number {
    return apiKinds[this.kind];
  }
}

const details = (
  status: number,
  type: string,
  known: Pick<ProblemDetails, 'detail' | 'remedy' | 'requestId'> & Partial<ProblemDetails>,
): ProblemDetails => ({
  type,
  title: STATUS_CODES[status] ?? 'Error',
  status,
  evidence: [],
  problems: [],
  ...known,
});

/** Failures of the specification or of the request: what is asked for can never be done as it is. */
const ofRequest: readonly FailureType[] = ['UnknownHost', 'InvalidSpecification'];

/** gRPC's UNAVAILABLE and DEADLINE_EXCEEDED. */
const outageCodes: readonly unknown[] = [14, 4];

/**
 * Turns any error that a use case or the API itself throws into a problem; undefined when it is a defect, whose details
 * are not told to the caller.
 */
export const problemOf = (error: unknown, requestId: string): ProblemDetails | undefined => {
  if (error instanceof ApiProblem) {
    const { kind, message: detail, remedy, evidence } = error;
    return details(error.status, problemType + kind, { detail, remedy, evidence: [...evidence], requestId });
  }
  if (error instanceof SpecificationInvalid) {
    return details(422, `${problemType}invalid-specification`, {
      detail: error.message,
      remedy: 'Mend what the problems say and ask again.',
      problems: [...error.problems],
      file: error.file,
      requestId,
    });
  }
  if (error instanceof OperatorError) {
    const { kind, message: detail, remedy, evidence } = error;
    const waitsFor = Outage.options.find((outage) => detail.includes(outage));
    return details(operatorKinds[kind], problemType + kind, {
      detail,
      remedy,
      evidence: [...evidence],
      ...(kind === 'temporal-unreachable' && waitsFor !== undefined ? { waitsFor } : {}),
      requestId,
    });
  }
  if (error instanceof QuorateError) {
    const { type, message: detail, details: more } = error;
    const { remedy, evidence, host } = more;
    return details(ofRequest.includes(type) ? 422 : 502, failureType + type, {
      detail,
      remedy,
      evidence: [...evidence],
      ...(host === undefined ? {} : { host }),
      requestId,
    });
  }
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
  if (outageCodes.includes(cause?.code)) {
    return details(503, `${problemType}temporal-unreachable`, {
      detail: 'The Temporal server does not answer.',
      remedy: 'Operations that run are not affected. Ask again when the Temporal server answers.',
      waitsFor: 'the Temporal server does not answer',
      requestId,
    });
  }
  return undefined;
};

export const defect = (requestId: string): ProblemDetails =>
  details(500, `${problemType}defect`, {
    detail: 'Something unexpected happened. Operations are not affected.',
    remedy: `This is a defect of Quorate: please report it with the line of the server's log that has ${requestId}.`,
    requestId,
  });
