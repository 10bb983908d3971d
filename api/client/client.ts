import { z } from 'zod';
import type { Decision } from '../../model/messages.js';
import type { Verb } from '../../model/operations.js';
import type { PlanReport } from '../../model/plan-report.js';
import type { Specification } from '../../model/specification/specification.js';
import type { StatusReport } from '../../model/status/status.js';
import type { ListFilter, OperationList } from './find-operations.js';
import type { OperationSummary } from './operation-summary.js';
import type { OperationView } from './operation-view.js';
import type { Problem } from './specification-file.js';
import type { WatchOptions } from './watch-operation.js';

/** The text of a `cluster.yaml`. It travels over HTTP as text, too, so that the lines in problem reports are right. */
export const SpecificationText = z.strictObject({
  text: z.string().max(1_000_000),
  /** Name of the file as messages show it. */
  file: z.string().max(500).default('cluster.yaml'),
});
export type SpecificationText = z.infer<typeof SpecificationText>;

/** A specification to be acted on. */
export interface GivenSpecification extends SpecificationText {
  /** What the text says, where that is known; it is read from the text otherwise. Never sent anywhere. */
  readonly read?: Specification;
}

/** What is to be done to which host of which cluster. */
export interface ChangeRequest {
  readonly specification: GivenSpecification;
  /** `join` is a control-plane or a worker join by the role that the host has in the specification. */
  readonly verb: Verb;
  readonly host: string;
}

interface OperationRequest extends ChangeRequest {
  /** The same key is the same operation. */
  readonly key: string;
  /** Who asks, such as user@machine; a server replaces it by the name of the caller's token. */
  readonly by: string;
}

/** Answer to a request for an operation. */
export const Submitted = z.object({
  operation: z.string(),
  cluster: z.string(),
  kind: z.string(),
  host: z.string(),
  /** Workflow that runs it, now or later. */
  workflowId: z.string(),
  /** 0 when it may start at once, else how many operations are ahead of it. */
  position: z.number().int(),
});
export type Submitted = z.infer<typeof Submitted>;

/** Selects blocked operations; a field that is left out matches all. */
export const RetryFilter = z.object({
  cluster: z.string().optional(),
  host: z.string().optional(),
  kind: z.string().optional(),
  /** A type of failure, such as `Unreachable`. */
  blockedBy: z.string().optional(),
});
export type RetryFilter = z.infer<typeof RetryFilter>;

/** The result of a bulk retry for each blocked operation that it selected. */
export const RetryReport = z.object({
  dryRun: z.boolean(),
  /** With `dryRun`: would be retried. */
  accepted: z.array(z.object({ operation: z.string(), blockedReason: z.string() })),
  /** Not retried, and why: it has resumed since, it needs an approval, no worker answered. */
  refused: z.array(z.object({ operation: z.string(), blockedReason: z.string(), because: z.string() })),
});
export type RetryReport = z.infer<typeof RetryReport>;

/** A cluster as its queue shows it. Operations are named by id. */
export const ClusterSummary = z.object({
  cluster: z.string(),
  /** Operation that holds the membership lock; absent when none does. */
  lockedBy: z.string().optional(),
  running: z.number().int(),
  blocked: z.number().int(),
  waiting: z.number().int(),
});
export type ClusterSummary = z.infer<typeof ClusterSummary>;

/** Every cluster, by name. */
export const ClusterList = z.object({
  clusters: z.array(ClusterSummary),
  notes: z.array(z.string()).describe('What the list may lack, and why.'),
});
export type ClusterList = z.infer<typeof ClusterList>;

/** The specification is wrong; carries every problem with its place. */
export class SpecificationInvalid extends Error {
  override readonly name = 'SpecificationInvalid';
  constructor(
    readonly file: string,
    readonly problems: readonly Problem[],
  ) {
    super(`${file} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`);
  }
}

/** Told once when an answer is late, in words that follow "no answer yet:". */
interface Waiting {
  readonly onWaiting?: (why: string) => void;
}

/**
 * The use cases of Quorate, which the command line and the HTTP API share. Two implementations: over a Temporal client
 * (temporal-client.ts) and over the HTTP API (`api/http-client/`).
 *
 * Every function throws OperatorError; those that take a specification also SpecificationInvalid, and QuorateError
 * (UnknownHost, InvalidSpecification) when the host does not fit.
 */
export interface QuorateClient {
  readonly submit: (request: OperationRequest, options?: Waiting) => Promise<Submitted>;
  /** What the operation would find and do now; changes nothing. */
  readonly plan: (request: ChangeRequest, options?: Waiting) => Promise<PlanReport>;
  readonly status: (specification: GivenSpecification, options?: Waiting) => Promise<StatusReport>;
  readonly clusters: () => Promise<ClusterList>;
  readonly list: (filter?: ListFilter) => Promise<OperationList>;
  /**
   * Finds an operation by a prefix of its id.
   * @param prefer when several match, the only one in this state
   */
  readonly find: (typed: string, prefer?: 'blocked' | 'not-ended') => Promise<OperationSummary>;
  readonly view: (summary: OperationSummary) => Promise<OperationView>;
  /** Yields each change until the operation has ended. */
  readonly watch: (summary: OperationSummary, options?: WatchOptions) => AsyncGenerator<OperationView, void, void>;
  readonly decide: (summary: OperationSummary, decision: Decision) => Promise<void>;
  readonly cancel: (
    summary: OperationSummary,
    why: { readonly by: string; readonly reason: string },
  ) => Promise<'withdrawn' | 'cancelling'>;
  /** Sends the decision `retry` to every blocked operation that matches. Safe to repeat. */
  readonly retry: (
    filter: RetryFilter,
    options: { readonly by: string; readonly reason: string; readonly dryRun: boolean },
  ) => Promise<RetryReport>;
}
