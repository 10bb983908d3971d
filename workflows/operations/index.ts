import type { OperationKind } from '../../model/operations.js';
import type { DefinedOperation } from '../operation.js';
import { initCluster } from './init-cluster.js';
import { joinControlPlane } from './join-control-plane.js';
import { joinWorker } from './join-worker.js';

/** Every kind of operation with its steps; one that is missing does not compile. */
export const operationSteps: Readonly<Record<OperationKind, DefinedOperation>> = {
  init: initCluster,
  'join-control-plane': joinControlPlane,
  'join-worker': joinWorker,
};
