import { z } from 'zod';
import { failureTypes, type FailureType } from '../../model/failures/failure.js';
import { PlanReport } from '../../model/plan-report.js';
import { operationKinds, verbs } from '../../model/operations.js';
import { OperationProgress, decisionActions } from '../../model/progress.js';
import { ClusterName, HostName } from '../../model/specification/fields.js';
import { StatusReport } from '../../model/status/status.js';
import { ClusterList, ClusterSummary, RetryReport, SpecificationText, Submitted } from '../client/client.js';
import { OperationList } from '../client/find-operations.js';
import { OperationSummary } from '../client/operation-summary.js';
import { OperationView } from '../client/operation-view.js';
import { Problem } from '../client/specification-file.js';
import { exampleKey, exampleOperation, exampleSpecification } from './example.js';
import { ProblemDetails } from '../http/problem-details.js';

const by = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe('Who asks. Only a server without tokens looks at it; else the name of the token is recorded.');
const reason = z.string().max(1000).default('').describe('Why; recorded with the operation.');

export const SpecificationBody = z.strictObject({ specification: SpecificationText });

export const ValidationReport = z.object({
  file: z.string(),
  valid: z.boolean(),
  problems: z.array(Problem),
  warnings: z.array(Problem),
});

const change = {
  verb: z
    .enum(verbs)
    .meta({ examples: ['join'] })
    .describe('join is of a control-plane host or of a worker by the role in the specification.'),
  host: z
    .string()
    .min(1)
    .max(63)
    .meta({ examples: [exampleOperation.host] })
    .describe('Name of the host in the specification.'),
  specification: SpecificationText,
};
export const PlanBody = z.strictObject(change);
export const StartBody = z.strictObject({ ...change, by });

/** A header of its own in every request that changes something: the same key is the same request. */
export const KeyHeader = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ examples: [exampleKey] })
    .describe(
      'The same key is the same request, however often it is sent; with another body it is refused. A new one when absent.',
    ),
});

const kind = z.enum(operationKinds).meta({ examples: [exampleOperation.kind] });
const host = HostName.meta({ ...HostName.meta(), examples: [exampleOperation.host] });

export const OperationPath = z.object({
  cluster: ClusterName,
  kind,
  host,
  key: z
    .string()
    .regex(/^[0-9a-f]{8}$/, 'is not the last part of an operation’s name, 8 hex digits')
    .meta({ examples: [exampleOperation.key] }),
});

const failure = z.enum(failureTypes as [FailureType, ...FailureType[]]);
const flag = z.enum(['true', 'false']);

export const ListQuery = z.strictObject({
  cluster: ClusterName.optional(),
  host: host.optional(),
  kind: kind.optional(),
  blocked: flag.optional().describe('true: only those that wait for a decision.'),
  blockedBy: failure.optional().describe('Only those blocked by this type of failure, such as Unreachable.'),
  ended: flag.optional().describe('false: without those that have ended.'),
  limit: z.coerce.number().int().min(1).max(1000).default(50).describe('At most so many on a page.'),
  pageToken: z.string().min(1).max(4_000).optional().describe('nextPageToken of the page before.'),
});

export const FindQuery = z.strictObject({
  name: z.string().min(1).max(300).describe('The front of an operation’s name, such as prod/join-worker/w2.'),
  prefer: z.enum(['blocked', 'not-ended']).optional().describe('Of several subjects the only one that is so is meant.'),
});

const about = z
  .int()
  .min(1)
  .optional()
  .meta({ examples: [1] })
  .describe(
    'Number of the question that is answered (`blocked.question` of its progress, `blockedQuestion` of its summary); refused when the operation waits with another one by now. Default: the one it waits with when this arrives.',
  );
export const DecideBody = z.strictObject({ action: z.enum(decisionActions), about, reason, by });
export const CancelBody = z.strictObject({ reason, by });
export const RetryBody = z.strictObject({
  cluster: ClusterName.optional(),
  host: host.optional(),
  kind: kind.optional(),
  blockedBy: failure.optional(),
  dryRun: z.boolean().default(false).describe('Only says which would be retried.'),
  reason,
  by,
});

export const Health = z.object({ status: z.literal('ok') });

/** Schemas that the OpenAPI document names: those of the model are shared with workflows and have no names there. */
const named = {
  ClusterList,
  ClusterSummary,
  OperationList,
  OperationProgress,
  OperationSummary,
  OperationView,
  PlanReport,
  Problem,
  ProblemDetails,
  RetryReport,
  SpecificationText,
  StatusReport,
  Submitted,
  ValidationReport,
} as const;

z.globalRegistry.add(SpecificationText, { examples: [{ text: exampleSpecification, file: 'cluster.yaml' }] });
for (const [id, schema] of Object.entries(named)) {
  z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), id });
}
