import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { names } from '../../model/messages.js';
import type { OperationContext } from '../../model/operation.js';
import type { OperationKind } from '../../model/operations.js';
import type { OperationEvent } from '../../model/notifications/operation-event.js';
import type { OperationOutcome } from '../../model/progress.js';
import { clusterFacts, etcdMember, leftovers, nodeFacts, operationContext } from './facts.js';
import { resetRun } from './reset.js';
import { answers, fails, gate } from './scripted-activities.js';
import type { Behaviour, Script } from './scripted-activities.js';
import { hostOf, joinFacts } from './scripted-answers.js';
import { blocked, decide, ended, eventually, progressOf, workflowIdOf } from './workflow-harness.js';
import type { Harness } from './workflow-harness.js';

interface Ran {
  /** Runs whose histories say something about the scenario, each closed or idle. */
  readonly runs: readonly { readonly workflowId: string; readonly runId: string }[];
  /** How its operations ended, in order. */
  readonly outcomes: readonly OperationOutcome[];
}

/**
 * One course of operations, played by scripted activities. Recorded for the replay tests, and run without the worker's
 * cache, where every workflow task replays.
 */
export interface Scenario {
  readonly name: string;
  readonly outcomes: readonly OperationOutcome[];
  readonly run: (harness: Harness, cluster: string) => Promise<Ran>;
}

const outcomeOf = async (handle: WorkflowHandle): Promise<OperationOutcome> =>
  (await progressOf(handle)).outcome ?? 'terminated';

/** A scenario of a single operation, started without the entity. */
const single = (
  name: string,
  kind: OperationKind,
  outcome: OperationOutcome,
  play: (
    script: Script,
    context: OperationContext,
  ) => ((handle: WorkflowHandle) => Promise<unknown>) | undefined = () => undefined,
  overrides: Parameters<typeof operationContext>[0] = {},
): Scenario => ({
  name,
  outcomes: [outcome],
  run: async (harness, cluster) => {
    const context = operationContext({ kind, cluster, ...overrides });
    const then = play(harness.script(cluster), context);
    const handle = await harness.start(context);
    await then?.(handle);
    await ended(handle);
    const { workflowId, runId } = await handle.describe();
    return { runs: [{ workflowId, runId }], outcomes: [await outcomeOf(handle)] };
  },
});

const failed: Behaviour<'runKubeadm'> = async (otherwise) => ({
  ...(await otherwise()),
  state: 'failed',
  exitStatus: 1,
  failure: { type: 'KubeadmFailed', message: 'the wait timed out', remedy: 'mend it', evidence: [] },
});
const causeStays: Behaviour<'probeCause'> = async () => {
  throw ApplicationFailure.create({ type: 'CauseNotGone', message: 'no route to host' });
};
const rejected: Behaviour<'runKubeadm'> = async (otherwise) => ({
  ...(await otherwise()),
  state: 'failed',
  failure: { type: 'CredentialRejected', message: 'not signed', remedy: 'mint again', evidence: [] },
});

const runsOf = async (harness: Harness, cluster: string): Promise<Ran> => {
  const { ended: past } = await harness.queue(cluster);
  const entity = await harness.entity(cluster).describe();
  return {
    runs: [
      { workflowId: entity.workflowId, runId: entity.runId },
      ...past.flatMap(({ workflowId, runId }) => (runId === undefined ? [] : [{ workflowId, runId }])),
    ],
    outcomes: past.map(({ outcome }) => outcome),
  };
};

const operations: readonly Scenario[] = [
  single('init', 'init', 'finished'),
  single('join-control-plane', 'join-control-plane', 'finished'),
  single('join-worker', 'join-worker', 'finished'),
  single('refused-before-any-change', 'join-worker', 'failed', (script, context) => {
    script.world.hosts['w2'] = hostOf(context, { swapOn: true });
    return undefined;
  }),
  single('approved-reset', 'join-control-plane', 'finished', (script, context) => {
    script.world.hosts['cp3'] = hostOf(context, leftovers(context.cluster));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'approve', 'an old test host');
    };
  }),
  single('stopped-what-ran', 'join-worker', 'finished', (script, context) => {
    const marker = { operation: `${context.cluster}/join-worker/w2/earlier`, cluster: context.cluster };
    script.world.hosts['w2'] = hostOf(context, { marker, runningUnits: ['quorate-join-0f3c5a7b9d1e.service'] });
    return undefined;
  }),
  single('stale-node-deleted', 'join-worker', 'finished', (script, context) => {
    const node = nodeFacts('w2', { machineId: hostOf(context).machineId, internalIp: context.target.address });
    script.world.cluster = clusterFacts({ nodes: [...clusterFacts().nodes, node] });
    return undefined;
  }),
  single('already-joined', 'join-control-plane', 'finished', (script, context) => {
    const host = hostOf(context, leftovers(context.cluster, { etcdDataPresent: true }));
    script.world.hosts['cp3'] = host;
    script.world.cluster = clusterFacts({
      nodes: [...clusterFacts().nodes, nodeFacts('cp3', { machineId: host.machineId })],
      etcd: { askedAt: 'cp1', alarms: [], members: ['cp1', 'cp2', 'cp3'].map((member) => etcdMember(member)) },
    });
    return undefined;
  }),
  single('failed-join-retried', 'join-control-plane', 'finished', (script) => {
    script.on('runKubeadm', failed);
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'retry');
    };
  }),
  single('lost-sight-of-kubeadm', 'join-worker', 'finished', (script) => {
    script.on('runKubeadm', fails('Unreachable'));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'retry');
    };
  }),
  single('read-again-when-changed', 'join-worker', 'finished', (script, context) => {
    script.world.hosts['w2'] = hostOf(context, leftovers(context.cluster));
    script.on('resetHost', fails('ChangedSinceCheck'));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'approve');
    };
  }),
  single('credentials-made-again', 'join-worker', 'finished', (script) => {
    script.on('runKubeadm', rejected);
    return undefined;
  }),
  single('joined-after-all', 'join-control-plane', 'finished', (script) => {
    script.on('runKubeadm', failed);
    script.world.join = joinFacts({ member: 'voter', kubeletBootstrapped: true, node: nodeFacts('cp3') });
    return undefined;
  }),
  single('rolled-back', 'join-control-plane', 'rolled-back', (script) => {
    script.on('proveControlPlane', fails('ControlPlaneNotReady'));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'rollback');
    };
  }),
  single('init-rolled-back', 'init', 'rolled-back', (script) => {
    script.on('enableBackend', fails('BackendNotUp'));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'rollback');
    };
  }),
  single('aborted', 'join-worker', 'aborted', (script) => {
    script.on('prepareHost', fails('CommandFailed'));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'abort');
    };
  }),
  single('undo-failed-and-retried', 'join-worker', 'rolled-back', (script) => {
    script.on('runKubeadm', fails('CommandFailed'));
    script.on('undoJoin', fails('CommandFailed'));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'rollback');
      await blocked(handle, 1);
      await decide(handle, 'retry');
    };
  }),
  single('undo-given-up', 'join-worker', 'failed', (script) => {
    script.on('runKubeadm', fails('CommandFailed'));
    script.on('undoJoin', fails('QuorumAtRisk'));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'rollback');
      await blocked(handle, 1);
      await decide(handle, 'abort');
    };
  }),
  single('cancelled-in-kubeadm', 'join-control-plane', 'cancelled', (script) => {
    const held = gate();
    script.on('runKubeadm', held.hold);
    return async (handle) => {
      await held.reached;
      await handle.signal(names.signals.hostPrinted, { step: 'join', line: '[preflight] Pulling images' });
      await handle.cancel();
    };
  }),
  single('cancelled-while-reading', 'join-worker', 'cancelled', (script) => {
    const held = gate();
    script.on('readHost', held.hold);
    return async (handle) => {
      await held.reached;
      await handle.cancel();
    };
  }),
  single('cancelled-while-blocked', 'join-worker', 'cancelled', (script) => {
    script.on('runKubeadm', failed);
    return async (handle) => {
      await blocked(handle);
      await handle.cancel();
    };
  }),
];

const policyOf = (policy: Partial<OperationContext['policy']>, notify: string[] = []) => ({ policy, notify });

const policies: readonly Scenario[] = [
  single(
    'resumed-by-itself',
    'join-worker',
    'finished',
    (script) => {
      script.on('prepareHost', fails('Unreachable'));
      script.on('probeCause', causeStays, answers('w2 answers again'));
      return undefined;
    },
    policyOf({ resumeWhenHealthy: true }),
  ),
  single(
    'resumed-and-blocked-again',
    'join-worker',
    'finished',
    (script) => {
      script.on('prepareHost', fails('Unreachable'), fails('Unreachable'));
      script.on('probeCause', answers('w2 answers again'), answers('w2 answers again'));
      return undefined;
    },
    policyOf({ resumeWhenHealthy: true }),
  ),
  single(
    'decided-while-probed',
    'join-worker',
    'aborted',
    (script) => {
      script.on('prepareHost', fails('Unreachable'));
      return async (handle) => {
        await blocked(handle);
        await decide(handle, 'abort');
      };
    },
    policyOf({ resumeWhenHealthy: true }),
  ),
  single(
    'undo-resumed-by-itself',
    'join-worker',
    'cancelled',
    (script) => {
      const held = gate();
      script.on('runKubeadm', held.hold);
      script.on('undoJoin', fails('Unreachable'));
      script.on('probeCause', answers('w2 answers again'));
      return async (handle) => {
        await held.reached;
        await handle.cancel();
      };
    },
    policyOf({ resumeWhenHealthy: true }),
  ),
  single('skipped', 'join-control-plane', 'finished', (script) => {
    script.on('snapshotEtcd', fails('CommandFailed'));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'skip');
    };
  }),
  single('undo-skipped', 'join-control-plane', 'failed', (script) => {
    script.on('proveControlPlane', fails('CommandFailed'));
    script.on('undoJoin', fails('CommandFailed'));
    return async (handle) => {
      await blocked(handle);
      await decide(handle, 'rollback');
      await blocked(handle, 1);
      await decide(handle, 'skip');
    };
  }),
  single(
    'plan-approved',
    'join-control-plane',
    'finished',
    () => async (handle) => {
      await blocked(handle);
      await decide(handle, 'approve');
    },
    policyOf({ approvals: { plans: true, byAnother: false, expireAfterMs: 60_000 } }),
  ),
  single(
    'approval-expired',
    'join-control-plane',
    'aborted',
    () => undefined,
    policyOf({ approvals: { plans: true, byAnother: false, expireAfterMs: 1_000 } }),
  ),
  single('credentials-lapsed', 'join-worker', 'finished', (script) => {
    script.on('createCredentials', async (otherwise) => ({
      ...(await otherwise()),
      expiresAt: new Date().toISOString(),
    }));
    return undefined;
  }),
  single(
    'notified',
    'join-worker',
    'cancelled',
    (script) => {
      const held = gate();
      script.on('prepareHost', fails('CommandFailed'));
      script.on('createCredentials', held.hold);
      return async (handle) => {
        await blocked(handle);
        await decide(handle, 'retry');
        await held.reached;
        await handle.cancel();
      };
    },
    policyOf({}, ['ops']),
  ),
];

const entity: readonly Scenario[] = [
  {
    name: 'queue',
    outcomes: ['cancelled', 'finished', 'finished', 'finished'],
    run: async (harness, cluster) => {
      const held = gate();
      harness.script(cluster).on('snapshotEtcd', held.hold);
      await harness.submit(operationContext({ cluster, host: 'cp3' }));
      await held.reached;
      const withdrawn = operationContext({ cluster, host: 'cp5' });
      await harness.submit(withdrawn);
      await harness.submit(operationContext({ cluster, host: 'cp4' }));
      await harness.entity(cluster).executeUpdate<unknown, [unknown]>(names.updates.withdraw, {
        args: [{ operation: withdrawn.operation, by: 'bob', reason: '' }],
      });
      await harness.submit(operationContext({ kind: 'join-worker', cluster }));
      await harness.allEnded(cluster, 2);
      held.open();
      await harness.allEnded(cluster, 4);
      return runsOf(harness, cluster);
    },
  },
  {
    name: 'entity-revived',
    outcomes: ['finished', 'finished'],
    run: async (harness, cluster) => {
      const first = operationContext({ cluster, host: 'cp3' });
      const held = gate();
      const script = harness.script(cluster);
      script.on('prepareHost', held.hold);
      await harness.submit(first);
      await held.reached;
      await harness.entity(cluster).terminate('by hand');
      await harness.submit(operationContext({ cluster, host: 'cp4' }));
      await harness.submit(first);
      await eventually(
        async () => (script.callsOf('watchOperation').length > 0 ? true : undefined),
        'the operation is watched',
      );
      held.open();
      await harness.allEnded(cluster, 2);
      return runsOf(harness, cluster);
    },
  },
  {
    name: 'entity-continued-as-new',
    outcomes: ['finished'],
    run: async (harness, cluster) => {
      const context = operationContext({ kind: 'join-worker', cluster });
      await harness.submit(context, { limits: { updatesBeforeContinueAsNew: 2 } });
      await harness.allEnded(cluster, 1);
      const { workflowId, runId } = await harness.entity(cluster).describe();
      await harness.submit(context);
      await eventually(
        async () => ((await harness.entity(cluster).describe()).runId === runId ? undefined : true),
        'a new run of the entity',
      );
      const { runs, outcomes } = await runsOf(harness, cluster);
      return { runs: [{ workflowId, runId }, ...runs], outcomes };
    },
  },
  {
    name: 'entity-reset',
    outcomes: ['finished'],
    run: async (harness, cluster) => {
      await harness.submit(operationContext({ kind: 'join-worker', cluster }));
      await harness.allEnded(cluster, 1);
      const entity = harness.entity(cluster);
      const { events } = await entity.fetchHistory();
      const begun = events?.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
      const { workflowTaskCompletedEventId } = begun?.startChildWorkflowExecutionInitiatedEventAttributes ?? {};
      await resetRun(entity, (await entity.describe()).runId, workflowTaskCompletedEventId ?? undefined);
      await harness.allEnded(cluster, 1);
      return runsOf(harness, cluster);
    },
  },
  {
    name: 'entity-children-end',
    outcomes: ['terminated', 'cancelled', 'failed'],
    run: async (harness, cluster) => {
      const script = harness.script(cluster);
      const [first, second] = [gate(), gate()];
      script.on('readHost', first.hold, second.hold, fails('HostKeyMismatch'));
      const contexts = ['cp3', 'cp4', 'cp5'].map((host) => operationContext({ cluster, host, notify: ['ops'] }));
      for (const context of contexts) await harness.submit(context);
      const [context] = contexts;
      const handle = harness.client.workflow.getHandle(workflowIdOf(context ?? operationContext()));
      await first.reached;
      await handle.terminate('by hand');
      await second.reached;
      await handle.cancel();
      await harness.allEnded(cluster, 3);
      return runsOf(harness, cluster);
    },
  },
];

/** What runs beside the operations: it takes no place in the queue and has no outcome. */
const beside = (name: string, workflow: string, argsOf: (context: OperationContext) => unknown[]): Scenario => ({
  name,
  outcomes: [],
  run: async ({ client, taskQueue }, cluster) => {
    const args = argsOf(operationContext({ cluster }));
    const handle = await client.workflow.start(workflow, { workflowId: `${name}/${cluster}`, taskQueue, args });
    await ended(handle);
    return { runs: [{ workflowId: handle.workflowId, runId: handle.firstExecutionRunId }], outcomes: [] };
  },
});

const delivered = ({ operation, cluster, kind, target }: OperationContext): OperationEvent => ({
  id: `${operation}/1`,
  type: 'operation.ended',
  at: '2026-01-05T08:00:00.000Z',
  operation,
  cluster,
  kind,
  host: target.name,
  by: 'ann@desk',
  outcome: 'finished',
  summary: 'done',
});

const besides: readonly Scenario[] = [
  beside('status', names.workflows.status, (context) => [context]),
  beside('plan', names.workflows.plan, (context) => [context]),
  beside('delivery', names.workflows.notification, (context) => ['ops', delivered(context)]),
];

export const scenarios: readonly Scenario[] = [...operations, ...policies, ...entity, ...besides];
