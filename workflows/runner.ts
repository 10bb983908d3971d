import { ApplicationFailure, isCancellation, setHandler, sleep } from '@temporalio/workflow';
import { safeParse } from 'zod';
import { failurePolicy } from '../model/failures/failure-policy.js';
import type { FailureType } from '../model/failures/failure.js';
import { HostPrinted } from '../model/messages.js';
import type { PlanWorld } from '../model/plan.js';
import { endingTypes } from '../model/progress.js';
import { createDecisions } from './decisions.js';
import type { Choices } from './decisions.js';
import { ApprovalNeeded, failureOf } from './failures.js';
import type { Failure } from './failures.js';
import { createJournal } from './journal.js';
import { hostPrinted, progress } from './messages.js';
import { createObservations } from './observations.js';
import { createSaga } from './saga.js';
import { seed } from './since-reset.js';
import type { OperationState, Step } from './step.js';
import { createWatcher } from './watch-cause.js';

export interface OperationResult {
  readonly operation: string;
  readonly summary: string;
}

const fail = (failure: Failure): ApplicationFailure =>
  ApplicationFailure.create({
    type: failure.type,
    message: failure.message,
    nonRetryable: true,
    details: [{ ...failure.details }],
  });

/** Before anything was changed these wait for the world; everything else ends the operation at once. */
const waitsBeforeAnyChange = (type: FailureType): boolean => failurePolicy(type).beforeAnyChange === 'wait';

/** What is different each time it is acted on is somebody at work: after so many new readings a person decides. */
const readingsAnew = 3;
const readAnewAfterMs = 5_000;

/**
 * Runs the steps of an operation in order. A step that fails is tried again from where the step says after a decision, and
 * no step acts on what was seen before one (`restsOn`);
 * a cancel or the decision `rollback` undoes in reverse order what was begun; `abort` leaves everything as it is.
 * @throws ApplicationFailure of the failure's type, `RolledBack`, `Aborted`, or `UndoFailed` when an operator gave up an
 *   undo; CancelledFailure after a cancel was undone.
 */
export const runOperation = async <State extends OperationState>(
  steps: readonly Step<State>[],
  state: State,
  by: string,
  {
    plan,
    summary,
  }: { readonly plan: (world: PlanWorld) => readonly string[]; readonly summary: (state: State) => string },
): Promise<OperationResult> => {
  const journal = createJournal(state.context, by, steps);
  setHandler(progress, () => journal.progress, { description: 'What the operation has done and what it waits for' });
  const onHostPrinted = (sent: unknown): void => {
    // A signal cannot be refused, and an error here would hold up the operation: what makes no sense is dropped.
    const { data } = safeParse(HostPrinted, sent);
    if (data !== undefined) journal.printed(data.line);
  };
  setHandler(hostPrinted, onHostPrinted, { description: 'Sent by activities: what the host printed' });
  const decisions = createDecisions(
    journal,
    createWatcher(() => state.context),
  );
  const saga = createSaga<State>(journal, decisions);

  const recovered = new Map<FailureType, number>();
  const wentBackFor = new Set<string>();
  const observations = createObservations(() => Date.now(), seed);
  /** Steps that somebody decided to go on without, with the note. */
  const leftOut = new Map<string, string>();
  let changed = false;
  /** The step that goes on with the command it has lost sight of. */
  let attaching: string | undefined;

  let rows: readonly Step<State>[] = steps;
  /** Ids of computed steps, by the step that they follow. */
  const computed = new Map<string, ReadonlySet<string>>();
  const indexOf = (id: string): number => rows.findIndex((step) => step.id === id);
  const first = steps[0]?.id ?? '';
  const follow = (step: Step<State>): void => {
    if (step.followedBy === undefined) return;
    const next = step.followedBy(state);
    const before = computed.get(step.id);
    const others = rows.filter(({ id }) => before?.has(id) !== true);
    const at = others.indexOf(step) + 1;
    rows = [...others.slice(0, at), ...next, ...others.slice(at)];
    if (new Set(rows.map(({ id }) => id)).size < rows.length) throw new Error(`steps after "${step.id}" share an id`);
    computed.set(step.id, new Set(next.map(({ id }) => id)));
    journal.computed(rows, next);
  };
  /** What comes again is shown so; what was computed is computed anew, and stays as it is until then. */
  const comesAgain = (from: number): void => {
    const all = new Set([...computed.values()].flatMap((ids) => [...ids]));
    for (const { id } of rows.slice(from)) if (!all.has(id)) journal.step(id, 'pending');
  };
  const retryFrom = (step: Step<State>): string =>
    step.retriedInPlace === undefined ? first : (step.restsOn ?? step.id);
  const titleOf = (id: string): string => rows[indexOf(id)]?.title(state.context) ?? id;
  const choicesFor = (step: Step<State>, failure: Failure, approvable: boolean): Choices => {
    const undos = saga.titles(state.context);
    const from = titleOf(retryFrom(step));
    return {
      ...(approvable ? { approve: failurePolicy(failure.type).approve ?? 'goes on' } : {}),
      retry:
        failure.lostSight === true && step.attaches === true
          ? `goes on with "${titleOf(step.id)}": a command that runs on the host is found again; where none was begun, the world is read first`
          : `goes on from "${from}"${step.retriedInPlace === undefined ? ' in a new round' : ''}; what the world shows as done is not repeated`,
      ...(step.withoutIt === undefined || approvable ? {} : { skip: step.withoutIt(state.context) }),
      ...(undos.length === 0 ? {} : { rollback: `looks first, then undoes: ${undos.join('; ')}` }),
      abort: `ends the operation; ${changed ? 'everything is left as it is' : 'nothing was changed'}`,
    };
  };

  /** Undoes everything, or throws when an operator gave up an undo: then neither "cancelled" nor "rolled back" is true. */
  const rollBack = async (why: string, outcome: 'cancelled' | 'rolled-back'): Promise<string> => {
    const { undone, givenUp } = await saga.rollback(state);
    const nothing = givenUp === undefined ? 'nothing had to be undone' : 'nothing was undone';
    const list = undone.length === 0 ? nothing : `undone: ${undone.join(', ')}`;
    if (givenUp !== undefined) {
      journal.ended('failed', `${why}; ${list}; the rest was left as it is`);
      throw fail({ ...givenUp, message: `${journal.progress.summary}: ${givenUp.message}` });
    }
    journal.ended(outcome, `${why}; ${list}`);
    return `${why}; ${list}`;
  };

  /** Units on hosts carry the round in their names: the next try never takes an old unit's result for its own. */
  const nextRound = (from: string): number => {
    state.context = { ...state.context, round: state.context.round + 1 };
    return indexOf(from);
  };

  /** Where to go on, or throws when the operation ends here. */
  const decideWhereToGoOn = async (step: Step<State>, failure: Failure, subject?: string): Promise<number> => {
    const approvable = subject !== undefined;
    const { approvals } = state.context.policy;
    const times = recovered.get(failure.type) ?? 0;
    if (failure.type === 'ChangedSinceCheck' && step.restsOn !== undefined && times < readingsAnew) {
      recovered.set(failure.type, times + 1);
      journal.step(step.id, 'failed', `${failure.message}; read again`);
      const afterMs = Math.min(readAnewAfterMs, state.context.policy.readyBudgetMs);
      await sleep(afterMs, { summary: 'before what has changed is read again' });
      return nextRound(step.restsOn);
    }
    const recovery = approvable ? undefined : step.recoverFrom?.(failure.type, times, state.context);
    if (recovery !== undefined) {
      recovered.set(failure.type, times + 1);
      journal.step(step.id, 'failed', `${failure.message}; tried once more from "${recovery.step}"`);
      if (recovery.afterMs > 0) await sleep(recovery.afterMs, { summary: `look again: ${failure.type}` });
      return nextRound(recovery.step);
    }
    if (!changed && !approvable && !waitsBeforeAnyChange(failure.type)) {
      journal.step(step.id, 'failed', failure.message);
      journal.ended('failed', `${failure.message}. ${failure.details.remedy}. Nothing was changed`);
      throw fail(failure);
    }
    journal.step(step.id, 'blocked', failure.message);
    const decision = await decisions.ask({
      step: step.id,
      failure,
      choices: choicesFor(step, failure, approvable),
      // After a change nothing ends by itself.
      ...(approvable && !changed ? { expiresInMs: approvals.expireAfterMs } : {}),
      ...(approvable && approvals.byAnother ? { notBy: by } : {}),
    });
    observations.waited();
    switch (decision.action) {
      case 'approve':
        state.approvals.set(failure.type, {
          subject: subject ?? '',
          untilMs: Date.now() + approvals.expireAfterMs,
        });
        return nextRound(first);
      case 'skip':
        leftOut.set(step.id, `left out by ${decision.by}: ${failure.message}`);
        // What follows acts on the world, which may be another one since the operation waits.
        return step.retriedInPlace === undefined ? nextRound(first) : indexOf(step.id);
      case 'retry':
        // In the same round, so that a command that outlived the connection is found again rather than begun twice.
        if (failure.lostSight === true && step.attaches === true) {
          attaching = step.id;
          return indexOf(step.id);
        }
        return nextRound(retryFrom(step));
      case 'rollback':
        throw ApplicationFailure.nonRetryable(
          await rollBack(`rolled back by ${decision.by}`, 'rolled-back'),
          endingTypes['rolled-back'],
          failure,
        );
      case 'abort': {
        const left = changed ? 'everything is left as it is' : 'nothing was changed';
        journal.step(step.id, 'failed', failure.message);
        const why = decision.reason === '' ? '' : ` (${decision.reason})`;
        journal.ended('aborted', `aborted by ${decision.by} while blocked by ${failure.type}${why}; ${left}`);
        throw ApplicationFailure.nonRetryable(journal.progress.summary ?? 'aborted', endingTypes.aborted, failure);
      }
    }
  };

  const runSteps = async (): Promise<void> => {
    for (let index = 0; index < rows.length;) {
      const step = rows[index];
      if (step === undefined)
        throw new Error(`no step ${index}: a restsOn or recoverFrom names a step that does not exist`);
      const skip = leftOut.get(step.id) ?? step.skipWhen?.(state);
      if (skip !== undefined) {
        journal.step(step.id, 'skipped', skip);
        index += 1;
        continue;
      }
      const lapsed = step.lapsedBefore?.(state, Date.now());
      // Once a round: clocks that disagree must not make it go round for ever.
      const wentBack = `${step.id} ${state.context.round}`;
      if (lapsed !== undefined && !wentBackFor.has(wentBack)) {
        wentBackFor.add(wentBack);
        index = indexOf(lapsed);
        continue;
      }
      const isAttaching = attaching === step.id;
      attaching = undefined;
      if (step.restsOn !== undefined && !isAttaching && observations.areOutdated(step.restsOn, step.id)) {
        const next = nextRound(step.restsOn);
        comesAgain(next);
        index = next;
        continue;
      }
      saga.register(step);
      journal.step(step.id, 'running');
      try {
        if (step.changes) changed = true;
        journal.step(
          step.id,
          'done',
          await step.run(state, { planned: plan, plan: (lines) => journal.plan(lines), attaching: isAttaching }),
        );
        observations.done(step.id);
        follow(step);
        index += 1;
      } catch (error) {
        if (isCancellation(error)) throw error;
        const approval = error instanceof ApprovalNeeded ? error : undefined;
        const failure = approval?.failure ?? failureOf(error);
        if (failure === undefined) throw error;
        const next = await decideWhereToGoOn(step, failure, approval?.subject);
        if (next <= index) comesAgain(next + 1);
        index = next;
      }
    }
  };

  try {
    await runSteps();
    const text = summary(state);
    journal.ended('finished', text);
    return { operation: state.context.operation, summary: text };
  } catch (error) {
    if (isCancellation(error)) await rollBack('cancelled', 'cancelled');
    throw error;
  } finally {
    await journal.told();
  }
};
