import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { OperatorError, errorText } from '../../model/failures/operator-error.js';
import { errorOf, readProblem } from './problems.js';
import type { HttpRequest, Transport } from './transport.js';

export interface Call<Result> extends HttpRequest {
  /** What the call is for; begins an error message. */
  readonly what: string;
  readonly answer: z.ZodType<Result>;
  /** How long to keep asking while there is no answer, milliseconds. */
  readonly totalMs: number;
  /** Told once when an answer is late, in words that follow "no answer yet:". */
  readonly onWaiting?: ((why: string) => void) | undefined;
}

/** Errors of Node and of undici that a retry does not mend: the address or the certificate is wrong. */
const hopeless = /^(ENOTFOUND|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_|HOSTNAME_MISMATCH)/;

const codeOf = (error: unknown): string => {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return typeof code === 'string' ? code : cause === undefined ? '' : codeOf(cause);
};

export const serverSilent = 'the Quorate server does not answer';

const unreachable = (server: string, error: unknown): OperatorError =>
  new OperatorError('temporal-unreachable', `The Quorate server ${server} cannot be reached: ${errorText(error)}`, {
    remedy:
      'Operations that run are not affected. Correct QUORATE_SERVER (and QUORATE_CA_FILE for a certificate of your own authority), then run the same command again.',
    cause: error,
  });

const notOurs = (server: string, status: number, type: unknown): OperatorError =>
  new OperatorError('failed', `${server} answered ${status}, and not as a Quorate server does.`, {
    evidence: [`content type ${String(type)}`],
    remedy: 'Correct QUORATE_SERVER, and see that the server is of the same version as this program.',
  });

type Attempt<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  /** Not now: retried until `totalMs` has passed, when `error` is thrown. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs?: number; readonly error?: Error };

const readAttempt = async <Result>({ send, server }: Transport, call: Call<Result>): Promise<Attempt<Result>> => {
  const { statusCode: status, headers, body } = await send(call);
  const text = await body.text();
  if (status >= 200 && status < 300) {
    try {
      return { kind: 'done', result: call.answer.parse(JSON.parse(text)) };
    } catch {
      throw notOurs(server, status, headers['content-type']);
    }
  }
  const problem = readProblem(text);
  // A proxy answers while the server is down.
  if (problem === undefined && status >= 502 && status <= 504) return { kind: 'later', why: serverSilent };
  if (problem === undefined) throw notOurs(server, status, headers['content-type']);
  if (status !== 503 && status !== 429) throw errorOf(problem);
  const seconds = Number(headers['retry-after']);
  return {
    kind: 'later',
    why: problem.waitsFor ?? problem.detail,
    error: errorOf(problem),
    ...(Number.isFinite(seconds) ? { afterMs: seconds * 1_000 } : {}),
  };
};

/**
 * Sends a request until there is a definite answer. Only for requests that are safe to repeat: those that read, and
 * those that carry a key.
 *
 * @throws the error that the use case would have thrown; OperatorError (temporal-unreachable) after `totalMs`.
 */
export const call = async <Result>(transport: Transport, asked: Call<Result>): Promise<Result> => {
  const { what, totalMs, onWaiting } = asked;
  const end = performance.now() + totalMs;
  let told = false;
  let maybeSent = false;
  for (let pause = 200; ; pause = Math.min(2 * pause, 3_000)) {
    let attempt: Attempt<Result>;
    try {
      attempt = await readAttempt(transport, asked);
      maybeSent = true;
    } catch (error) {
      const code = codeOf(error);
      if (error instanceof Error && code === '') throw error;
      if (hopeless.test(code)) throw unreachable(transport.server, error);
      if (code !== 'ECONNREFUSED' && code !== 'UND_ERR_CONNECT_TIMEOUT') maybeSent = true;
      attempt = { kind: 'later', why: serverSilent, error: unreachable(transport.server, error) };
    }
    if (attempt.kind === 'done') return attempt.result;
    if (!told) onWaiting?.(attempt.why);
    told = true;
    const wait = Math.max(pause, attempt.afterMs ?? 0);
    if (performance.now() + wait > end) {
      if (attempt.error !== undefined && (!maybeSent || asked.method === 'GET')) throw attempt.error;
      const { remedy, evidence } =
        attempt.error instanceof OperatorError ? attempt.error : { remedy: 'Ask again.', evidence: [] };
      throw new OperatorError(
        'temporal-unreachable',
        `${what}: no answer within ${Math.round(totalMs / 1000)} s, because ${attempt.why}. It may still be carried out.`,
        { remedy, evidence, cause: attempt.error },
      );
    }
    await sleep(wait);
  }
};
