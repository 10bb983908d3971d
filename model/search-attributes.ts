/**
 * Search attributes that Quorate registers on its namespace, by name and Temporal type.
 * A namespace holds at most 10 of type Keyword and 3 of every other type; a value longer than 2 048 bytes ends the
 * workflow, so writers clip.
 */
export const searchAttributes = {
  QuorateCluster: 'Keyword',
  QuorateHost: 'Keyword',
  /** `<cluster>/<kind>/<host>/<key>`. */
  QuorateOperation: 'Keyword',
  QuorateKind: 'Keyword',
  /** Id of the step that runs. */
  QuoratePhase: 'Keyword',
  /** One of `failureTypes`; unset while the operation is not blocked. */
  QuorateBlockedReason: 'Keyword',
  QuorateBlocked: 'Bool',
} as const;

export type SearchAttributeName = keyof typeof searchAttributes;

/** A string literal of the visibility query language. */
export const visibilityLiteral = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
