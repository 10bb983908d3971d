// The invariants of docs/design.md, seen by somebody who reads the simulated world and does not ask the product.
export { watch } from './invariants/watch.js';
export type { Watch } from './invariants/watch.js';
export { check } from './invariants/check.js';
export type { ReportedOperation } from './invariants/check.js';
export { historyTexts } from './invariants/history-texts.js';
export { overlaps } from './invariants/lock.js';
