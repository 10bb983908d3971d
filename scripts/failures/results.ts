import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const Verdict = z.object({
  /** The typed reason. */
  type: z.string(),
  message: z.string(),
  remedy: z.string(),
  /** From the moment at which the evidence existed until it was said. */
  seconds: z.number(),
  /** What that moment was: the operation began, the fault came, or kubeadm gave up. */
  since: z.enum(['start', 'fault', 'kubeadm']),
});
export type Verdict = z.infer<typeof Verdict>;

/** What one test by a number saw. */
export const FailureResult = z.object({
  where: z.enum(['simulation', 'lab']),
  /** Such as `F12`; a test of several has a result for each. */
  failure: z.string().regex(/^[A-Z]\d+$/),
  /** Its whole name, `F12: ...`. */
  test: z.string(),
  passed: z.boolean(),
  /** In the order in which they were said; none where nothing had to be. */
  verdicts: z.array(Verdict),
  /** What steps of the operation that finished had to say, by their ids. */
  notes: z.record(z.string(), z.string()),
});
export type FailureResult = z.infer<typeof FailureResult>;

/** What `npm run docs:failures` measured last of each. */
const Measured = z.array(
  FailureResult.extend({
    /** The commit that it was measured on; `+` after it when the work tree had changes. */
    commit: z.string(),
    /** ISO 8601 date. */
    on: z.string(),
  }),
);
export type Measured = z.infer<typeof Measured>;

export const measuredFile = 'scripts/failures/measured.json';

/** What was measured last; nothing before the first time. */
export const readMeasured = (): Measured =>
  existsSync(measuredFile) ? Measured.parse(JSON.parse(readFileSync(measuredFile, 'utf8'))) : [];
