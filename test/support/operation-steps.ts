import type { OperationKind } from '../../src/model/operation.js';
import type { ActivityName } from './scripted-activities.js';

/** What the tests expect of one step; written down here once more, rather than read from the product. */
export interface ExpectedStep {
  readonly step: string;
  /** The activity it consists of; absent for a step that only thinks. */
  readonly activity?: ActivityName;
  readonly undo?: ActivityName;
  /** Step from which a retry goes on, when it is not the step itself. */
  readonly retryFrom?: string;
  /** A decision may leave it out. */
  readonly skippable?: boolean;
}

const read: ExpectedStep = { step: 'read', activity: 'readHost' };
const check: ExpectedStep = { step: 'check', retryFrom: 'read' };
/** Its activity runs only where an earlier operation left something running: test/workflows/stop-earlier.test.ts. */
const stopEarlier: ExpectedStep = { step: 'stop-earlier', retryFrom: 'read' };
/** Its activity runs only where a Node is left: test/workflows/stale-node.test.ts. */
const removeStaleNode: ExpectedStep = { step: 'remove-stale-node', retryFrom: 'read' };
const reset: ExpectedStep = { step: 'reset', activity: 'resetHost', retryFrom: 'read' };
const prepare: ExpectedStep = { step: 'prepare', activity: 'prepareHost', skippable: true };
const credentials: ExpectedStep = { step: 'credentials', activity: 'createCredentials', undo: 'revokeCredentials' };
const register: ExpectedStep = { step: 'register', activity: 'registerBackend', undo: 'removeBackend' };
const join: ExpectedStep = { step: 'join', activity: 'runKubeadm', undo: 'undoJoin', retryFrom: 'read' };
const proveControlPlane: ExpectedStep = { step: 'prove', activity: 'proveControlPlane' };
const enable: ExpectedStep = { step: 'enable', activity: 'enableBackend', undo: 'disableBackend', skippable: true };
const revoke: ExpectedStep = { step: 'revoke', activity: 'revokeCredentials' };

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
    { step: 'init', activity: 'runKubeadm', undo: 'undoInit', retryFrom: 'read' },
    proveControlPlane,
    enable,
    revoke,
  ],
  'join-control-plane': [
    read,
    check,
    stopEarlier,
    { step: 'snapshot', activity: 'snapshotEtcd', skippable: true },
    { step: 'remove-stale-member', activity: 'removeStaleMember', retryFrom: 'read' },
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
    stopEarlier,
    removeStaleNode,
    reset,
    prepare,
    credentials,
    join,
    { step: 'prove', activity: 'proveWorker' },
    revoke,
  ],
};

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
