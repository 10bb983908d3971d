import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import { upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import type { SearchAttributeName } from '../model/search-attributes.js';
import type { Blocked } from '../model/progress.js';

const keyword = (name: SearchAttributeName) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

export const attributes = {
  cluster: keyword('QuorateCluster'),
  host: keyword('QuorateHost'),
  operation: keyword('QuorateOperation'),
  kind: keyword('QuorateKind'),
  phase: keyword('QuoratePhase'),
  blockedReason: keyword('QuorateBlockedReason'),
  blocked: defineSearchAttributeKey('QuorateBlocked', SearchAttributeType.BOOL),
} as const;

/** A value of more than 2,048 bytes would terminate the workflow; step ids and failure types are far below it. */
const short = (value: string): string => value.slice(0, 200);

export const showPhase = (phase: string): void => {
  upsertSearchAttributes([{ key: attributes.phase, value: short(phase) }]);
};

/** In the search attributes to be found by, and in the memo because current details vanish while no worker polls. */
export const showBlocked = (blocked: Blocked): void => {
  upsertSearchAttributes([
    { key: attributes.blocked, value: true },
    { key: attributes.blockedReason, value: blocked.type },
  ]);
  upsertMemo({ blocked: { ...blocked, evidence: blocked.evidence.slice(0, 5) } });
};

export const showResumed = (): void => {
  upsertSearchAttributes([
    { key: attributes.blocked, value: false },
    { key: attributes.blockedReason, value: null },
  ]);
  upsertMemo({ blocked: null });
};
