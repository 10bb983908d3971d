import { snapshotLines } from '../../model/plan.js';
import { snapshotting, titled } from '../activity-proxies.js';
import type { Step } from '../step.js';
import type { JoinState } from './state.js';

/** Before every membership change; kept on the host with retention, so it has no undo. */
export const snapshot: Step<JoinState> = {
  id: 'snapshot',
  title: () => 'snapshot etcd on a healthy member and verify it',
  changes: true,
  plan: snapshotLines,
  withoutIt: () =>
    'goes on without a snapshot: a change of the members that goes wrong could only be repaired from an older one',
  run: ({ context }) => titled(snapshotting.snapshotEtcd, `snapshot etcd of ${context.cluster}`, context),
};
