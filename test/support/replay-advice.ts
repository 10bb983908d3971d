import type { Recording } from './histories.js';

/** What a developer does when workflows no longer replay a recorded scenario; docs/versioning.md has all of it. */
export const replayAdvice = ({ scenario, release }: Recording, problem: string): string => {
  const recorded = release === undefined ? `"${scenario}"` : `"${scenario}" of ${release}`;
  const lastly =
    release === undefined
      ? `Only if the code that recorded it was never released, record it again instead: npm run record:histories -- ${scenario}`
      : `It was recorded by released code: it is never recorded again, and deleted only with the last operation that ${release} began.`;
  return [
    `The workflows no longer replay the recorded scenario ${recorded}: an operation that runs while workers are upgraded would be stuck.`,
    `Guard the change with patched('<id>') from @temporalio/workflow, so that what older code began takes the old way; the old way and the guard go in later releases, by deprecatePatch('<id>').`,
    lastly,
    'How, step by step: docs/versioning.md',
    problem,
  ].join('\n');
};
