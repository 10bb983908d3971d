import { describe, expect, it } from 'vitest';
import { buildCluster } from '../support/cluster.js';
import { expectAllJoined, expectBlocked, expectNothingLent, expectUntouched } from '../support/expect.js';
import { kubectl, onConsole } from '../support/inject.js';
import { decideAndWait, requireFinished } from '../support/product.js';

const binding = 'kubeadm:node-autoapprove-bootstrap';

describe('kubelet and TLS bootstrap', () => {
  it('F23: nobody approves the certificate request: the missing party is named', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    await kubectl(simulation, 'cp1', `delete clusterrolebinding ${binding}`);
    const outcome = await cluster.run('join-worker', 'w1');
    const { evidence } = expectBlocked(outcome, 'TlsBootstrapStuck', /the kubelet on w1 got no certificate/);
    expect(evidence.join('\n')).toMatch(
      /certificate request csr-\S+ is pending: nothing approves it .*node-autoapprove-bootstrap/,
    );
    await kubectl(
      simulation,
      'cp1',
      `apply -f - <<X
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: "${binding}" }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:certificates.k8s.io:certificatesigningrequests:nodeclient" }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:bootstrappers:kubeadm:default-node-token" }]
X`,
    );
    requireFinished(await decideAndWait(outcome, 'retry'), simulation);
    await expectAllJoined(cluster, { controlPlane: ['cp1'], workers: ['w1'] });
  });

  it('F25: a kubelet that does not start: its own words are shown, and a rollback takes the learner with it', async () => {
    const cluster = await buildCluster();
    const { simulation } = cluster;
    await onConsole(
      simulation,
      'cp2',
      'mkdir -p /etc/default; echo KUBELET_EXTRA_ARGS=--no-such-flag > /etc/default/kubelet',
    );
    const outcome = await cluster.run('join-control-plane', 'cp2');
    if (outcome.status !== 'blocked') throw new Error(`not blocked: ${outcome.message}`);
    const evidence = outcome.blocked.evidence.join('\n');
    expect(evidence).toContain('unknown flag: --no-such-flag');
    expect(evidence).toContain('etcd member: unstarted');
    expect(simulation.observer.members().filter(({ isLearner }) => isLearner)).toHaveLength(1);
    expect(await decideAndWait(outcome, 'rollback')).toMatchObject({ progress: { outcome: 'rolled-back' } });
    expect(simulation.observer.members()).toMatchObject([{ name: 'cp1', isHealthy: true }]);
    expectUntouched(simulation, 'cp2');
    expectNothingLent(simulation);
    await onConsole(simulation, 'cp2', 'rm /etc/default/kubelet');
    await cluster.finish('join-control-plane', 'cp2');
    await expectAllJoined(cluster, { controlPlane: ['cp1', 'cp2'] });
  });
});
