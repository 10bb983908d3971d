import { upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import type { Blocked } from '../model/progress.js';
import { searchAttributes } from '../model/search-attributes.js';

/** A value of more than 2,048 bytes would terminate the workflow; step ids and failure types are far below it. */
const short = (value: string): string => value.slice(0, 200);

export const showPhase = (phase: string): void => {
  upsertSearchAttributes([{ key: searchAttributes.phase, value: short(phase) }]);
};

/** In the search attributes to be found by, and in the memo because current details vanish while no worker polls. */
export const showBlocked = (blocked: Blocked): void => {
  upsertSearchAttributes([
    { key: searchAttributes.blocked, value: true },
    { key: searchAttributes.blockedReason, value: blocked.type },
  ]);
  upsertMemo({ blocked: { ...blocked, evidence: blocked.evidence.slice(0, 5) } });
};

export const showResumed = (): void => {
  upsertSearchAttributes([
    { key: searchAttributes.blocked, value: false },
    { key: searchAttributes.blockedReason, value: null },
  ]);
  upsertMemo({ blocked: null });
};
