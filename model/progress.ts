import { z } from 'zod';
import { failureTypes } from './failures/failure.js';
import { operationKinds } from './operations.js';

export const decisionActions = ['retry', 'skip', 'rollback', 'abort', 'approve'] as const;
export type DecisionAction = (typeof decisionActions)[number];

export const StepState = z.enum(['pending', 'running', 'done', 'skipped', 'failed', 'blocked', 'undoing', 'undone']);
export type StepState = z.infer<typeof StepState>;

export const StepProgress = z.object({
  id: z.string(),
  title: z.string(),
  state: StepState,
  /** ISO 8601 time of the last change of state. */
  since: z.string().optional(),
  /** What was seen or done, one line. */
  note: z.string().optional(),
  /** How long the step may take before it blocks the operation, milliseconds; absent where it takes as long as it takes. */
  budgetMs: z.number().optional(),
});
export type StepProgress = z.infer<typeof StepProgress>;

export const Blocked = z.object({
  /** Counts the questions of the operation; a decision that names it (`about`) is taken for this one alone. */
  question: z.int().optional(),
  type: z.enum(failureTypes as [(typeof failureTypes)[number], ...(typeof failureTypes)[number][]]),
  step: z.string(),
  message: z.string(),
  remedy: z.string(),
  evidence: z.array(z.string()),
  choices: z.array(z.enum(decisionActions)),
  /** What each of the choices does, one sentence each. */
  consequences: z.partialRecord(z.enum(decisionActions), z.string()),
  /** ISO 8601. */
  since: z.string(),
  /** When a request for an approval ends by itself, ISO 8601; absent when it waits for as long as it takes. */
  expiresAt: z.string().optional(),
  /** Who may not approve, where the policy wants another person than the one who asked. */
  notBy: z.string().optional(),
  /** What is looked at on a timer, so that the operation goes on by itself; absent when it waits for a decision alone. */
  watching: z.string().optional(),
});
export type Blocked = z.infer<typeof Blocked>;

export const operationOutcomes = ['finished', 'failed', 'cancelled', 'rolled-back', 'aborted', 'terminated'] as const;
export type OperationOutcome = (typeof operationOutcomes)[number];

/** Outcomes that a workflow tells by the type of the failure it ends with. */
export const endingTypes = { 'rolled-back': 'RolledBack', aborted: 'Aborted' } as const;

/** What the type of the failure that ended an operation says of its outcome. */
export const outcomeOfFailure = (type: unknown): 'rolled-back' | 'aborted' | 'failed' =>
  type === endingTypes['rolled-back'] ? 'rolled-back' : type === endingTypes.aborted ? 'aborted' : 'failed';

/** What the query `progress` of an operation answers. */
export const OperationProgress = z.object({
  /** Counts the changes of everything below: a later view has a greater one. */
  revision: z.number().int(),
  operation: z.string(),
  kind: z.enum(operationKinds),
  cluster: z.string(),
  host: z.string(),
  by: z.string(),
  steps: z.array(StepProgress),
  /** Lines of the plan, once the host and the cluster were read. */
  plan: z.array(z.string()),
  /** What a command on the host printed last. */
  lastLine: z.string().optional(),
  blocked: Blocked.optional(),
  /** Every decision taken, oldest first. */
  decisions: z.array(z.object({ action: z.enum(decisionActions), by: z.string(), reason: z.string(), at: z.string() })),
  outcome: z.enum(operationOutcomes).optional(),
  /** One line on how it ended. */
  summary: z.string().optional(),
});
export type OperationProgress = z.infer<typeof OperationProgress>;
