import type { Verb } from '../model/operations.js';

/** What the help says of a verb; a verb of an operation that is missing here does not compile. */
export const verbHelp: Readonly<Record<Verb, { readonly description: string; readonly examples: readonly string[] }>> =
  {
    init: {
      description: 'make the first control-plane host of a cluster, and watch it',
      examples: ['quorate init cp1', 'quorate init cp1 -f prod.yaml --no-wait --output json'],
    },
    join: {
      description: 'join a host to its cluster by its role, and watch it',
      examples: ['quorate join cp2', 'quorate join w1 --key "$CI_JOB_ID" --by "$CI_USER"'],
    },
  };
