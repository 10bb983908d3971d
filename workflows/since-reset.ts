import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';

/**
 * The seed of this workflow's random numbers. The server's reset of a workflow gives it another one, which the history
 * records as the event that follows what was kept; nothing else changes it, and replay sees the change at the same place.
 */
export const seed = (): string => getActivator().randomnessSeed.join();

/**
 * Asks, and asks again when the workflow was reset between the question and what is done about the answer: a reset to
 * the task that acts on an answer keeps the answer, which may be days old.
 *
 * @param ask one activity, whose answer must be acted on at once, in the same workflow task
 */
export const sinceReset = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
  for (;;) {
    const before = seed();
    const answer = await ask();
    if (seed() === before) return answer;
  }
};
