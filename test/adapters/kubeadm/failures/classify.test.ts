import fc from 'fast-check';
import { expect, test } from 'vitest';
import { classifyFailure } from '../../../../adapters/kubeadm/failures/classify.js';
import { failureRows } from '../../../../adapters/kubeadm/failures/rows.js';

const classify = (output: string) => classifyFailure({ output, host: 'cp3', endpoint: '10.0.0.10:6443' });
const inPhase = (phase: string, text: string): string =>
  `error: error execution phase ${phase}: ${text}\nTo see the stack trace of this error execute with --v=5 or higher\n`;
const preflight = (...lines: string[]): string =>
  `[preflight] Running pre-flight checks\n[preflight] Some fatal errors occurred:\n${lines.map((line) => `\t[ERROR ${line}\n`).join('')}[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\`\n${inPhase('preflight', 'preflight checks failed')}`;
const identity = "couldn't validate the identity of the API Server: ";
const configMap = 'unable to fetch the kubeadm-config ConfigMap: failed to get config map: ';

// In the order of the table; texts of kubeadm, etcd and the kubelet.
const cases: [output: string, type: string, number?: string][] = [
  [
    inPhase(
      'preflight',
      `${identity}could not find a JWS signature in the cluster-info ConfigMap for token ID "abcdef"`,
    ),
    'CredentialRejected',
    'F1',
  ],
  [
    inPhase('preflight', 'token id "abcdef" is invalid for this cluster or it has expired. Use "kubeadm token create"'),
    'CredentialRejected',
    'F1',
  ],
  [
    inPhase(
      'preflight',
      `${identity}failed to request the cluster-info ConfigMap: client rate limiter Wait returned an error: context deadline exceeded`,
    ),
    'EndpointUnreachable',
    'F22',
  ],
  [
    inPhase(
      'preflight',
      `${identity}failed to verify JWS signature of received cluster info object, can't trust this API Server`,
    ),
    'ClusterMismatch',
  ],
  [
    inPhase(
      'preflight',
      `${identity}cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "sha256:${'ab'.repeat(32)}" are pinned`,
    ),
    'ClusterMismatch',
    'F5',
  ],
  [
    inPhase(
      'preflight',
      'the second kubeconfig from the cluster-info ConfigMap (using validated TLS) was different from the first',
    ),
    'ApiUnavailable',
  ],
  [
    inPhase(
      'control-plane-prepare/download-certs',
      'error downloading certs: error downloading the secret: Secret "kubeadm-certs" was not found in the "kube-system" Namespace.',
    ),
    'CredentialRejected',
    'F3',
  ],
  [
    inPhase(
      'control-plane-prepare/download-certs',
      'error downloading certs: error decoding secret data with provided key: cipher: message authentication failed',
    ),
    'CredentialRejected',
    'F4',
  ],
  [
    inPhase(
      'control-plane-prepare/download-certs',
      'error decoding certificate key: encoding/hex: invalid byte: U+0078',
    ),
    'KubeadmFailed',
  ],
  [
    inPhase(
      'control-plane-prepare/download-certs',
      'the Secret does not include the required certificate or key - name: ca.crt, path: x',
    ),
    'CredentialRejected',
  ],
  [
    inPhase(
      'control-plane-prepare/kubeconfig',
      'a kubeconfig file "/etc/kubernetes/admin.conf" exists already but has got the wrong CA cert',
    ),
    'DirtyHost',
    'F6',
  ],
  [
    `I1123 join.go:1] [preflight] found /etc/kubernetes/admin.conf. Use it for skipping discovery\n${inPhase('preflight', `${configMap}context deadline exceeded`)}`,
    'DirtyHost',
    'F7',
  ],
  [
    inPhase(
      'preflight',
      `${configMap}Get "https://10.9.9.9:6443/api/v1/namespaces/kube-system/configmaps/kubeadm-config?timeout=10s": dial tcp 10.9.9.9:6443: connect: connection refused`,
    ),
    'ClusterMismatch',
    'F8',
  ],
  [
    inPhase(
      'upload-config/kubeadm',
      'could not bootstrap the admin user in file admin.conf: unable to create ClusterRoleBinding: Post "https://10.0.0.10:6443/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?timeout=10s": dial tcp 10.0.0.10:6443: connect: no route to host',
    ),
    'EndpointUnreachable',
    'F21',
  ],
  [
    inPhase(
      'preflight',
      `${configMap}Get "https://10.0.0.10:6443/api/v1/namespaces/kube-system/configmaps/kubeadm-config?timeout=10s": EOF`,
    ),
    'ApiUnavailable',
    'F9',
  ],
  [
    inPhase(
      'preflight',
      'Get "https://10.0.0.10:6443/api": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026',
    ),
    'ClockSkew',
    'F10',
  ],
  [inPhase('preflight', 'x509: certificate signed by unknown authority'), 'ClusterMismatch', 'F5'],
  [inPhase('control-plane-prepare/certs', 'x509: certificate signed by unknown authority'), 'DirtyHost', 'F6'],
  [preflight('Port-10250]: Port 10250 is in use'), 'PortInUse', 'F11'],
  [
    preflight('FileAvailable--etc-kubernetes-kubelet.conf]: /etc/kubernetes/kubelet.conf already exists'),
    'DirtyHost',
    'F12',
  ],
  [preflight('SystemVerification]: unsupported cgroup version: 1'), 'HostUnsuitable', 'F16'],
  [
    inPhase(
      'preflight',
      "\nOne or more conditions for hosting a new control plane instance is not satisfied.\n\nunable to add a new control plane instance to a cluster that doesn't have a stable controlPlaneEndpoint address",
    ),
    'ClusterMismatch',
  ],
  [
    inPhase('preflight', '\nOne or more conditions for hosting a new control plane instance is not satisfied.'),
    'ClusterMismatch',
  ],
  [
    inPhase(
      'kubelet-start',
      'a Node with name "cp3" and status "Ready" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node',
    ),
    'IdentityConflict',
    'F17',
  ],
  [
    inPhase('check-etcd', 'etcd cluster is not healthy: dial tcp 10.0.0.12:2379: connect: connection refused'),
    'EtcdUnhealthy',
    'F26',
  ],
  [
    inPhase('etcd-join', 'error creating local etcd static pod manifest file: etcdserver: unhealthy cluster'),
    'EtcdUnhealthy',
    'F26',
  ],
  [
    inPhase('etcd-join', 'error creating local etcd static pod manifest file: etcdserver: Peer URLs already exists'),
    'StaleMember',
    'F27',
  ],
  [
    inPhase(
      'etcd-join',
      'error creating local etcd static pod manifest file: etcdserver: too many learner members in cluster',
    ),
    'EtcdUnhealthy',
    'F28',
  ],
  [
    inPhase(
      'etcd-join',
      'error creating local etcd static pod manifest file: etcdserver: can only promote a learner member which is in sync with leader',
    ),
    'MemberNotVoter',
    'F29',
  ],
  [
    inPhase(
      'etcd-join',
      'error creating local etcd static pod manifest file: etcdserver: can only promote a learner member',
    ),
    'KubeadmFailed',
    'F30',
  ],
  [
    inPhase('etcd-join', 'error creating local etcd static pod manifest file: context deadline exceeded'),
    'KubeadmFailed',
  ],
  [inPhase('etcd-join', 'timeout waiting for etcd cluster to be available'), 'EtcdUnhealthy'],
  [
    'panic: tocommit(18) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?',
    'StaleMember',
    'F27',
  ],
  ['the member has been permanently removed from the cluster', 'EtcdUnhealthy'],
  [
    inPhase(
      'kubelet-wait-bootstrap',
      "The HTTP call equal to 'curl -sSL http://127.0.0.1:10248/healthz' returned error: Get: dial tcp 127.0.0.1:10248: connect: connection refused",
    ),
    'KubeletNotRunning',
    'F25',
  ],
  [
    `[kubelet-check] The kubelet is healthy after 1s\n[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap\n\n${inPhase('kubelet-wait-bootstrap', 'timed out waiting for the condition')}`,
    'TlsBootstrapStuck',
    'F23',
  ],
  [
    inPhase(
      'control-plane-join/mark-control-plane',
      'error applying control-plane label and taints: error patching Node "cp3": request canceled',
    ),
    'ApiUnavailable',
    'F24',
  ],
  [
    inPhase('wait-control-plane', 'failed while waiting for the control plane to start: kube-scheduler check failed'),
    'ControlPlaneNotReady',
  ],
  [inPhase('cleanup-node', 'failed to unmount /var/lib/kubelet/x: device or resource busy'), 'HostNotClean', 'F15'],
  [
    'W1123 [reset] Failed to remove etcd member: x, please manually remove this etcd member using etcdctl',
    'StaleMember',
  ],
  [preflight('Port-6443]: Port 6443 is in use'), 'PortInUse'],
  [preflight('KubeletVersion]: the kubelet version is higher than the control plane version'), 'VersionSkew'],
  [
    preflight(
      'ImagePull]: failed to pull image registry.k8s.io/pause:3.10: x509: certificate signed by unknown authority',
    ),
    'HostUnsuitable',
  ],
  [
    preflight(
      'NumCPU]: the number of available CPUs 1 is less than the required 2',
      'Mem]: the system RAM (900 MB) is less than the minimum 1700 MB',
    ),
    'HostUnsuitable',
  ],
  ['panic: runtime error: index out of range', 'KubeadmFailed'],
  [
    'unable to load config from file: open /run/quorate/0a1b2c3d/join.yaml: no such file or directory\n',
    'CredentialRejected',
  ],
];

test.each(cases)('%s', (output, type, number) => {
  const failure = classify(output);
  expect([failure.type, failure.failureNumber]).toEqual([type, number]);
  expect(failure.message.length).toBeGreaterThan(10);
  expect(failure.remedy).not.toBe('');
  expect(failure.evidence.length).toBeGreaterThan(0);
});

test('every row of the table has a case, and the cases are in its order', () => {
  const taken = cases.slice(0, -1).map(([output]) => classify(output).message);
  expect(new Set(taken).size).toBe(failureRows.length);
  expect(taken).toHaveLength(failureRows.length);
});

test('of two failures in one output the one that stands first in the table counts, whatever their order in the output', () => {
  // Without those that are told apart by the phase, the log or the server they name.
  const plain = cases
    .slice(0, -1)
    .filter(
      ([output]) =>
        !output.includes('x509') &&
        !output.includes('admin.conf. Use') &&
        !output.includes('configmaps/kubeadm-config'),
    );
  const index = fc.integer({ min: 0, max: plain.length - 1 });
  fc.assert(
    fc.property(index, index, (a, b) => {
      const [first, second] = [plain[Math.min(a, b)], plain[Math.max(a, b)]];
      if (first === undefined || second === undefined || second[2] === 'F23' || first[2] === 'F23') return;
      const both = classify(`${second[0]}\n${first[0]}`);
      expect([both.type, both.failureNumber]).toEqual([first[1], first[2]]);
    }),
  );
});

test('a warning of a check is no failure', () => {
  expect(
    classify(
      `\t[WARNING Port-10250]: Port 10250 is in use\n\t[WARNING SystemVerification]: cgroups v1 support is in maintenance mode\n${inPhase('preflight', 'something new')}`,
    ),
  ).toMatchObject({
    type: 'KubeadmFailed',
    phase: 'preflight',
    message: 'kubeadm failed on cp3: error: error execution phase preflight: something new',
  });
});

test('what etcd said while kubeadm tried again is not why a later phase failed', () => {
  const retry =
    '{"level":"warn","logger":"etcd-client","msg":"retrying of unary invoker failed","error":"rpc error: etcdserver: can only promote a learner member which is in sync with leader"}';
  const log = `[etcd] Announced new etcd member joining to the existing etcd cluster\n${retry}\n`;
  expect(
    classify(`${log}${inPhase('wait-control-plane', 'failed while waiting for the control plane to start')}`).type,
  ).toBe('ControlPlaneNotReady');
  expect(
    classify(`W1 etcdserver: unhealthy cluster, trying again\n${inPhase('x', 'error patching Node "cp3"')}`).type,
  ).toBe('ApiUnavailable');
});

test('the message names what the operator has to look at', () => {
  expect(classify(cases[19]?.[0] ?? '').message).toBe(
    'cp3 holds leftovers of a node: /etc/kubernetes/kubelet.conf already exists',
  );
  expect(classify(cases[12]?.[0] ?? '').message).toContain('10.9.9.9:6443');
});

test('no token and no certificate key gets into the evidence, hashes stay', () => {
  const token = 'abcdef.0123456789abcdef';
  const key = '0f'.repeat(32);
  const { evidence } = classify(
    `kubeadm join --token ${token} --certificate-key ${key} --discovery-token-ca-cert-hash sha256:${key}\nerror: x`,
  );
  expect(evidence.join()).not.toContain('0123456789abcdef');
  expect(evidence[0]).toBe(
    `kubeadm join --token abcdef.[redacted] --certificate-key [redacted] --discovery-token-ca-cert-hash sha256:${key}`,
  );
});

test('evidence is bounded, keeps the errors, and leaves out the chatter of a dead runtime', () => {
  const chatter =
    'W1123 06:26:41.596417    7601 logging.go:55] [core] [Channel #1 SubChannel #2] grpc: addrConn failed\n'.repeat(50);
  const settings = '\x1b[0;37mCONFIG_NETFILTER\x1b[0m: \x1b[0;32menabled\x1b[0m\n'.repeat(40);
  const many = Array.from({ length: 60 }, (_, n) => `line ${n}`).join('\n');
  const { evidence } = classify(
    `\t[ERROR CRI]: no runtime\n${chatter}${many}\n${settings}error: error execution phase preflight: failed\n`,
  );
  expect(evidence.length).toBeLessThanOrEqual(20);
  expect(evidence[0]).toBe('[ERROR CRI]: no runtime');
  expect(evidence.at(-1)).toBe('error: error execution phase preflight: failed');
  expect(evidence.join()).not.toMatch(/grpc|CONFIG_/);
});
