import type { FastifyInstance } from 'fastify';
import { ApiProblem } from './problems/api-problem.js';

/** Requests have some ten fields, two levels deep: what has far more is none, and need not be parsed to be refused. */
const deepest = 16;
const mostValues = 1_000;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBrace, openBracket, closeBrace, closeBracket] = [0x7b, 0x5b, 0x7d, 0x5d];

/** Whether a text, if it is JSON, is nested deeper or has more values than a request; without parsing it. */
export const isTooMuch = (body: Uint8Array): boolean => {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openBrace || byte === openBracket) {
      depth += 1;
      if (depth > deepest) return true;
    } else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    else if (byte === comma) {
      values += 1;
      if (values >= mostValues) return true;
    }
  }
  return false;
};

/**
 * Parses bodies as Fastify does, but for those that would take the event loop half a second: two megabytes of brackets do.
 */
export const addJsonBodies = (app: FastifyInstance): void => {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (isTooMuch(body)) {
      const what = `The body is nested more than ${deepest} deep, or has more than ${mostValues} values.`;
      done(
        new ApiProblem('bad-request', what, {
          remedy: 'Send what /openapi.json describes; a specification is one text.',
        }),
      );
      return;
    }
    void parse(request, body.toString('utf8'), done);
  });
};
