/**
 * Search attributes that Quorate registers on its namespace: keys as the SDK takes them, with name and Temporal type.
 * A namespace holds at most 10 of type Keyword and 3 of every other type; a value longer than 2 048 bytes ends the
 * workflow, so writers clip.
 */
export const searchAttributes = {
  cluster: { name: 'QuorateCluster', type: 'KEYWORD' },
  host: { name: 'QuorateHost', type: 'KEYWORD' },
  /** `<cluster>/<kind>/<host>/<key>`. */
  operation: { name: 'QuorateOperation', type: 'KEYWORD' },
  kind: { name: 'QuorateKind', type: 'KEYWORD' },
  /** Id of the step that runs. */
  phase: { name: 'QuoratePhase', type: 'KEYWORD' },
  /** One of `failureTypes`; unset while the operation is not blocked. */
  blockedReason: { name: 'QuorateBlockedReason', type: 'KEYWORD' },
  blocked: { name: 'QuorateBlocked', type: 'BOOL' },
} as const;

/** A string literal of the visibility query language. */
export const visibilityLiteral = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
