import { z } from 'zod';
import { Problem } from '../client/specification-file.js';

/** The `type` of a problem is this prefix and its kind. */
export const problemType = 'urn:quorate:problem:';
/** The `type` of a failure of docs/runbook.md is this prefix and its name. */
export const failureType = 'urn:quorate:failure:';

/** Body of every error response: RFC 9457, and what an operator needs to go on. */
export const ProblemDetails = z.object({
  type: z.string().describe('Kind of the problem: a URN that does not change.'),
  title: z.string().describe('The status in words.'),
  status: z.int(),
  detail: z.string().describe('What happened, where and why.'),
  remedy: z.string().describe('The next request, command or setting that mends it.'),
  evidence: z.array(z.string()).describe('What was seen, one line each.'),
  problems: z.array(Problem).describe('What is wrong in the specification, each with its place; else empty.'),
  file: z.string().optional().describe('Name of the specification that is wrong.'),
  host: z.string().optional().describe('Host that the failure is about.'),
  waitsFor: z.string().optional().describe('Who did not answer, where the request may still be carried out.'),
  requestId: z.string().describe('What the log of the server calls this request.'),
});
export type ProblemDetails = z.infer<typeof ProblemDetails>;
