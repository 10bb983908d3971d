import { expect } from 'vitest';
import { expectAllJoined, expectBlocked, expectNothingLent, expectUntouched } from '../expect.js';
import { kubectl, onConsole } from '../inject.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';

const binding = 'kubeadm:node-autoapprove-bootstrap';

export const kubelet: readonly Scenario[] = [
  scenario('F23: nobody approves the certificate request: the missing party is named', {}, async (site) => {
    await kubectl(site, 'cp1', `delete clusterrolebinding ${binding}`);
    const outcome = await site.run('join-worker', 'w1');
    const { evidence } = expectBlocked(outcome, 'TlsBootstrapStuck', /the kubelet on w1 got no certificate/);
    expect(evidence.join('\n')).toMatch(
      /certificate request csr-\S+ is pending: nothing approves it .*node-autoapprove-bootstrap/,
    );
    await kubectl(
      site,
      'cp1',
      `apply -f - <<X
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: "${binding}" }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:certificates.k8s.io:certificatesigningrequests:nodeclient" }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:bootstrappers:kubeadm:default-node-token" }]
X`,
    );
    await site.decideAndFinish(outcome, 'retry');
    await expectAllJoined(site, { controlPlane: ['cp1'], workers: ['w1'] });
  }),

  scenario(
    'F25: a kubelet that does not start: its own words are shown, and a rollback takes the learner with it',
    {},
    async (site) => {
      await onConsole(
        site,
        'cp2',
        'mkdir -p /etc/default; echo KUBELET_EXTRA_ARGS=--no-such-flag > /etc/default/kubelet',
      );
      const outcome = await site.run('join-control-plane', 'cp2');
      if (outcome.status !== 'blocked') throw new Error(`not blocked: ${outcome.message}`);
      expectBlocked(outcome, 'KubeletNotRunning', /^the kubelet on cp2 does not run/);
      const evidence = outcome.blocked.evidence.join('\n');
      expect(evidence).toContain('unknown flag: --no-such-flag');
      expect(evidence).toContain('etcd member: unstarted');
      expect((await site.observer.members()).filter(({ isLearner }) => isLearner)).toHaveLength(1);
      expect(await site.decide(outcome, 'rollback')).toMatchObject({ progress: { outcome: 'rolled-back' } });
      expect(await site.observer.members()).toMatchObject([{ name: 'cp1', isHealthy: true }]);
      await expectUntouched(site, 'cp2');
      await expectNothingLent(site, ['cp1', 'cp2']);
      await onConsole(site, 'cp2', 'rm /etc/default/kubelet');
      await site.finish('join-control-plane', 'cp2');
      await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
    },
  ),
];
