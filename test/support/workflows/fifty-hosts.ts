// An operation about a whole cluster: its steps are computed from what was read, one child for each host. Not shipped.
import type { SubmitRequest } from '../../../model/messages.js';
import type { OperationContext } from '../../../model/operation.js';
import { bounded, titled } from '../../../workflows/activity-proxies.js';
import { defineOperation } from '../../../workflows/operation.js';
import { childOperation } from '../../../workflows/steps/child-operation.js';
import type { OperationState, Step } from '../../../workflows/step.js';

interface ClusterState extends OperationState {
  hosts?: readonly string[];
}

const about = (context: OperationContext, host: string): OperationContext => ({
  ...context,
  operation: `${context.operation}-${context.round}/${host}`,
  target: { ...context.target, name: host },
  round: 0,
});

const prepare: Step<OperationState> = {
  id: 'prepare',
  title: ({ target }) => `prepare ${target.name}`,
  changes: true,
  run: ({ context }) => titled(bounded.prepareHost, `prepare ${context.target.name}`, context),
  undo: {
    title: ({ target }) => `undo what was prepared on ${target.name}`,
    run: ({ context }) => titled(bounded.disableBackend, `undo on ${context.target.name}`, context),
  },
};

export const { run: prepareOne } = defineOperation<OperationState>({
  begin: (context) => ({ context, approvals: new Map() }),
  steps: () => [prepare],
  summary: ({ context }) => `${context.target.name} is prepared`,
});

const read = (by: string): Step<ClusterState> => ({
  id: 'read',
  title: ({ cluster }) => `read ${cluster}`,
  changes: false,
  run: async (state) => {
    const cluster = await titled(bounded.readCluster, 'read the cluster', state.context);
    state.hosts = cluster.nodes.filter(({ ready }) => !ready).map(({ name }) => name);
    return `${state.hosts.length} hosts to prepare`;
  },
  followedBy: ({ context, hosts = [] }) =>
    hosts.map((host) =>
      childOperation<ClusterState>({
        id: `prepare ${host}`,
        workflow: 'prepareOne',
        request: { context: about(context, host), by },
      }),
    ),
});

export const prepareAll = (request: SubmitRequest): ReturnType<typeof prepareOne> =>
  defineOperation<ClusterState>({
    begin: (context) => ({ context, approvals: new Map() }),
    steps: () => [
      read(request.by),
      { id: 'conclude', title: () => 'conclude', changes: false, run: () => Promise.resolve('nothing is left') },
    ],
    summary: () => 'all are prepared',
  }).run(request);
