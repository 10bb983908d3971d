// Every function exported here becomes a workflow type: export workflows only.
import type { SubmitRequest } from '../model/messages.js';
import { operationKinds, workflowTypes } from '../model/operations.js';
import type { OperationKind } from '../model/operations.js';
import { operationSteps } from './operations/index.js';
import type { OperationResult } from './runner.js';

type OperationWorkflows = {
  readonly [Kind in OperationKind as (typeof workflowTypes)[Kind]]: (
    request: SubmitRequest,
  ) => Promise<OperationResult>;
};

const operationWorkflows = Object.fromEntries(
  operationKinds.map((kind) => [workflowTypes[kind], operationSteps[kind].run]),
) as unknown as OperationWorkflows;

const { initCluster, joinControlPlane, joinWorker, ...unexported } = operationWorkflows;
// An operation whose workflow is not exported does not compile.
void (unexported satisfies Record<string, never>);

export { initCluster, joinControlPlane, joinWorker };
export { clusterEntity } from './cluster-entity.js';
export { deliverNotification } from './operations/deliver-notification.js';
export { planChange } from './operations/plan-change.js';
export { readClusterStatus } from './operations/read-cluster-status.js';
