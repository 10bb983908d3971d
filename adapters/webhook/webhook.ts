import { STATUS_CODES } from 'node:http';
import { post } from './post.js';
import type { Answer } from './post.js';
import { signedHeaders } from './sign.js';
import type { Delivery, Webhook } from './types.js';

export interface WebhookOptions {
  /** https, or http to loopback. */
  readonly url: URL;
  /** `whsec_...`; each signs every delivery. */
  readonly secrets: readonly string[];
  /** Certificates in PEM to trust instead of those that Node.js trusts. */
  readonly ca?: string;
  /** For a whole delivery; default 15 000. */
  readonly timeoutMs?: number;
}

/** What a receiver may ask for with Retry-After, at most. */
const longestRetryAfterMs = 3_600_000;

/** 4xx that pass: time-out, too early, too many requests. */
const passing: readonly number[] = [408, 425, 429];

/** Milliseconds that a Retry-After header asks for, in seconds or as a date; undefined when it makes no sense. */
const retryAfterOf = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, longestRetryAfterMs) : undefined;
};

const deliveryOf = ({ status, retryAfter }: Answer): Delivery => {
  const said = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  if (status >= 200 && status < 300) return { outcome: 'taken', note: said };
  if (status === 410) return { outcome: 'refused', why: `${said}: the receiver wants no more events` };
  if (status >= 400 && status < 500 && !passing.includes(status)) return { outcome: 'refused', why: said };
  const retryAfterMs = retryAfterOf(retryAfter);
  return {
    outcome: 'later',
    why: status >= 300 && status < 400 ? `${said}, and redirects are not followed` : said,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
};

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  ENOTFOUND: 'its name does not resolve',
  EAI_AGAIN: 'its name does not resolve now',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted: name its CA with caFile',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted: name its CA with caFile',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted: name its CA with caFile',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not trusted: name its CA with caFile',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** Why there was no answer, by the code of the error alone: texts of network errors hold addresses. */
const problemOf = (error: unknown, timeoutMs: number): string => {
  const { code, name, cause } = error as { code?: unknown; name?: unknown; cause?: { name?: unknown } };
  if (name === 'TimeoutError' || cause?.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]{2,60}$/.test(code)) return 'no answer';
  const word = words[code];
  return word === undefined ? `no answer (${code})` : `${word} (${code})`;
};

/** A receiver of signed events over HTTP (docs/notifications.md). */
export const createWebhook = ({ url, secrets, ca, timeoutMs = 15_000 }: WebhookOptions): Webhook => ({
  deliver: async (event, signal) => {
    const body = JSON.stringify(event);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'quorate',
      ...signedHeaders({ eventId: event.id, body, at: new Date() }, secrets),
    };
    try {
      return deliveryOf(
        await post({
          url,
          headers,
          body,
          timeoutMs,
          ...(ca === undefined ? {} : { ca }),
          ...(signal === undefined ? {} : { signal }),
        }),
      );
    } catch (error) {
      if (signal?.aborted === true) throw new Error('the delivery was given up', { cause: signal.reason });
      return { outcome: 'later', why: problemOf(error, timeoutMs) };
    }
  },
});
