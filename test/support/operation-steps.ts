import type { OperationKind } from '../../model/operations.js';
import type { ActivityName } from './scripted-activities.js';

/** What the tests expect of one step; written down here once more, rather than read from the product. */
export interface ExpectedStep {
  readonly step: string;
  /** The activity it consists of; absent for a step that only thinks. */
  readonly activity?: ActivityName;
  readonly undo?: ActivityName;
  /** A retry tries the step itself again, and reads nothing before it: after it nothing is destroyed. */
  readonly retriedInPlace?: boolean;
  /** With `retriedInPlace`: the activity that is done again before it. */
  readonly restsOn?: ActivityName;
  /** It destroys, so it is begun only on what was read since the operation last waited for an answer. */
  readonly destroys?: boolean;
  /** Its command runs in a unit on the host: after sight of it was lost, a retry finds it again in the same round. */
  readonly attaches?: boolean;
  /** A decision may leave it out. */
  readonly skippable?: boolean;
}

const read: ExpectedStep = { step: 'read', activity: 'readHost' };
const check: ExpectedStep = { step: 'check' };
/** Its activity runs only where the cluster has no name yet: test/workflows/claim.test.ts. */
const claim: ExpectedStep = { step: 'claim', retriedInPlace: true };
/** Its activity runs only where an earlier operation left something running: test/workflows/stop-earlier.test.ts. */
const stopEarlier: ExpectedStep = { step: 'stop-earlier', destroys: true };
/** Its activity runs only where a Node is left: test/workflows/stale-node.test.ts. */
const removeStaleNode: ExpectedStep = { step: 'remove-stale-node', destroys: true };
const reset: ExpectedStep = { step: 'reset', activity: 'resetHost', destroys: true, attaches: true };
const prepare: ExpectedStep = { step: 'prepare', activity: 'prepareHost', skippable: true };
const credentials: ExpectedStep = { step: 'credentials', activity: 'createCredentials', undo: 'revokeCredentials' };
const register: ExpectedStep = { step: 'register', activity: 'registerBackend', undo: 'removeBackend' };
const kubeadm = { activity: 'runKubeadm', destroys: true, attaches: true } as const;
const join: ExpectedStep = { step: 'join', ...kubeadm, undo: 'undoJoin' };
const proveControlPlane: ExpectedStep = { step: 'prove', activity: 'proveControlPlane', retriedInPlace: true };
const enable: ExpectedStep = {
  step: 'enable',
  activity: 'enableBackend',
  undo: 'disableBackend',
  skippable: true,
  retriedInPlace: true,
  restsOn: 'proveControlPlane',
};
const revoke: ExpectedStep = { step: 'revoke', activity: 'revokeCredentials', retriedInPlace: true };

/** The three operations as an operator reads them. */
export const expectedSteps: Readonly<Record<OperationKind, readonly ExpectedStep[]>> = {
  init: [
    read,
    check,
    stopEarlier,
    reset,
    prepare,
    { step: 'configure', activity: 'writeInitConfiguration', undo: 'revokeCredentials' },
    register,
    { step: 'init', ...kubeadm, undo: 'undoInit' },
    proveControlPlane,
    enable,
    { ...claim, activity: 'claimCluster' },
    revoke,
  ],
  'join-control-plane': [
    read,
    check,
    claim,
    stopEarlier,
    { step: 'snapshot', activity: 'snapshotEtcd', skippable: true },
    { step: 'remove-stale-member', activity: 'removeStaleMember', destroys: true },
    reset,
    prepare,
    credentials,
    register,
    join,
    proveControlPlane,
    enable,
    revoke,
  ],
  'join-worker': [
    read,
    check,
    claim,
    stopEarlier,
    removeStaleNode,
    reset,
    prepare,
    credentials,
    join,
    { step: 'prove', activity: 'proveWorker', retriedInPlace: true },
    revoke,
  ],
};

/** Activities that destroy something on the host or in the cluster. */
export const destroying: ReadonlySet<ActivityName> = new Set([
  'stopEarlier',
  'removeStaleMember',
  'resetHost',
  'runKubeadm',
]);

export const readingActivities: readonly ActivityName[] = ['checkReach', 'readCluster', 'readHost'];

/** Activities of the steps after reading, on a clean host or on a dirty one that is reset. */
export const changingActivities = (kind: OperationKind, host: 'clean' | 'dirty' = 'clean'): ActivityName[] =>
  expectedSteps[kind]
    .filter((step) => host === 'dirty' || step.step !== 'reset')
    .flatMap(({ step, activity }) => (activity === undefined || step === 'read' ? [] : [activity]));

/** Undo activities after a stop at that step, in the order they have to run. */
export const expectedUndo = (kind: OperationKind, stoppedAt: string): ActivityName[] => {
  const steps = expectedSteps[kind];
  const begun = steps.slice(0, steps.findIndex(({ step }) => step === stoppedAt) + 1);
  return begun.toReversed().flatMap(({ undo }) => (undo === undefined ? [] : [undo]));
};
