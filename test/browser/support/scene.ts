import { names } from '../../../model/messages.js';
import type { OperationContext } from '../../../model/operation.js';
import { leftovers, operationContext, otherCaHash } from '../../support/facts.js';
import { fails, gate } from '../../support/scripted-activities.js';
import type { Gate } from '../../support/scripted-activities.js';
import { hostOf } from '../../support/scripted-answers.js';
import { blocked, eventually, workflowIdOf } from '../../support/workflow-harness.js';
import type { Harness } from '../../support/workflow-harness.js';

export interface Scene {
  /** Blocked: the host carries a node of another cluster. */
  readonly dirty: OperationContext;
  /** Blocked: the host went away during kubeadm; looked at by itself. */
  readonly unreachable: OperationContext;
  /** Blocked: the cluster's policy wants the plan approved by another person. */
  readonly planned: OperationContext;
  /** In the middle of kubeadm. */
  readonly running: OperationContext;
  readonly finished: OperationContext;
  /** Lets kubeadm of `running` end. */
  readonly kubeadm: Gate;
}

/** A morning on three clusters: operations that wait for different reasons, one that runs, one that is done. */
export const playScene = async (harness: Harness): Promise<Scene> => {
  const { client } = harness;
  const approvals = { plans: true, byAnother: true, expireAfterMs: 86_400_000 };
  const scene: Scene = {
    dirty: operationContext({ kind: 'join-worker', cluster: 'prod', host: 'w2', key: '1f00aa11' }),
    unreachable: operationContext({
      cluster: 'prod',
      host: 'cp3',
      key: '7c21be04',
      policy: { resumeWhenHealthy: true, probeEveryMs: 60_000 },
    }),
    planned: operationContext({ cluster: 'edge', host: 'cp3', key: '90d1c3aa', policy: { approvals } }),
    running: operationContext({ kind: 'join-worker', cluster: 'staging', host: 'w3', key: '5e5e0b12' }),
    finished: operationContext({ kind: 'join-worker', cluster: 'staging', host: 'w2', key: 'b7a0330f' }),
    kubeadm: gate(),
  };
  const { dirty, unreachable, planned, running, finished, kubeadm } = scene;
  const prod = harness.script('prod');
  const { marker: _, ...otherNode } = hostOf(
    dirty,
    leftovers('prod', {
      kubeconfigs: [{ file: '/etc/kubernetes/kubelet.conf', server: 'https://10.9.0.5:6443', caHash: otherCaHash }],
      pkiCaHash: otherCaHash,
    }),
  );
  prod.world.hosts['w2'] = otherNode;
  prod.on(
    'runKubeadm',
    fails('Unreachable', {
      message: 'cp3 does not answer over SSH any more: the connection was lost, and new ones time out',
      remedy: 'see that `ssh cp3 true` works from the machine of the worker, then retry',
      evidence: ['connect 10.203.0.13:22: timed out after 10 s', '11 attempts since 04:02:17'],
    }),
  );
  harness.script('staging').on('runKubeadm', kubeadm.hold);
  for (const context of [dirty, unreachable, planned, running]) await harness.submit(context);
  await kubeadm.reached;
  await client.workflow
    .getHandle(workflowIdOf(running))
    .signal(names.signals.hostPrinted, { step: 'join', line: 'kubeadm waits for the kubelet to bootstrap' });
  await harness.submit(finished);
  await harness.allEnded('staging', 1);
  for (const context of [dirty, unreachable, planned]) await blocked(client.workflow.getHandle(workflowIdOf(context)));
  await eventually(
    async () => ((await client.workflow.count('QuorateBlocked = true')).count === 3 ? true : undefined),
    'the blocked operations found by their search attribute',
  );
  return scene;
};
