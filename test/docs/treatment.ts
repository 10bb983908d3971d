import { failurePolicy, probeKinds } from '../../model/failures/failure-policy.js';
import type { FailurePolicy, ProbeKind } from '../../model/failures/failure-policy.js';
import type { FailureType } from '../../model/failures/failure.js';
import { Policy } from '../../model/specification/policy.js';

const budgets = Policy.parse({}).budgets;
const seconds = (ms: number): string => `${ms / 1000} s`;
const seenThat = (probe: ProbeKind): string => `it is seen that ${probeKinds[probe].replace(/^whether /, '')}`;

const inPlace = ({ budget, retry }: FailurePolicy): string =>
  budget === 'none' || retry === 'never'
    ? 'Not tried again in place.'
    : `Tried again in place, after ${seconds(retry.firstMs)} at first and every ${seconds(retry.mostMs)} at last, for \`policy.budgets.${budget}\` (${budgets[budget]}).`;

const then = ({ beforeAnyChange, budget, probe }: FailurePolicy): string => {
  const goesOn = probe === undefined ? 'waits for a decision' : `goes on by itself when ${seenThat(probe)}`;
  switch (beforeAnyChange) {
    case 'wait':
      return `${budget === 'none' ? 'It blocks' : 'Then it blocks'}, also before anything was changed, and ${goesOn}.`;
    case 'approve':
      return '';
    case 'fail':
      return `It ends an operation that has changed nothing; one that has changed something blocks, and ${goesOn}.`;
  }
};

const approvalOf = ({ approve }: FailurePolicy): string =>
  approve === undefined
    ? ''
    : `Where the policy asks for an approval it blocks, also before anything was changed, until a person gives it: that ${approve}.`;

/** The saga names another probe for what it meets while it undoes (workflows/saga.ts). */
const whileUndoing: Partial<Record<FailureType, string>> = {
  QuorumAtRisk: `While undoing it goes on by itself when ${seenThat('quorum')}.`,
  UndoFailed: 'Where the failure behind it is one that passes, that is looked at as under its own heading.',
};

/** The paragraph **Treatment.** of a failure in docs/runbook.md, as the table has it. */
export const treatmentOf = (type: FailureType): string => {
  const policy = failurePolicy(type);
  return [`Class \`${policy.class}\`.`, inPlace(policy), then(policy), approvalOf(policy), whileUndoing[type] ?? '']
    .filter((sentence) => sentence !== '')
    .join(' ');
};
