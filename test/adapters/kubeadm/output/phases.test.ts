import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scrub } from '../../../../adapters/kubeadm/output/scrub.js';
import { advance, progressOf } from '../../../../adapters/kubeadm/output/phases.js';

const joinLog = `[preflight] Running pre-flight checks
\t[WARNING Hostname]: hostname "cp3" could not be reached
[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...
[preflight] Running pre-flight checks before initializing the new control plane instance
[preflight] Pulling images required for setting up a Kubernetes cluster
[download-certs] Downloading the certificates in Secret "kubeadm-certs" in the "kube-system" Namespace
[certs] Using certificateDir folder "/etc/kubernetes/pki"
[certs] Generating "apiserver" certificate and key
[kubeconfig] Generating kubeconfig files
[kubeconfig] Writing "admin.conf" kubeconfig file
[control-plane] Using manifest folder "/etc/kubernetes/manifests"
[check-etcd] Checking that the etcd cluster is healthy
[kubelet-start] Writing kubelet configuration to file "/var/lib/kubelet/config.yaml"
[kubelet-start] Starting the kubelet
[etcd] Announced new etcd member joining to the existing etcd cluster
[etcd] Creating static Pod manifest for "etcd"
[etcd] Waiting for the new etcd member to join the cluster. This can take up to 40s
[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to 4m0s
[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap
[mark-control-plane] Marking the node cp3 as control-plane by adding the labels: [node-role.kubernetes.io/control-plane]
[control-plane-check] Waiting for healthy control plane components. This can take up to 4m0s

This node has joined the cluster and a new control plane instance was created:
`.split('\n');

test('the phases of a control-plane join, one after the other', () => {
  const seen: string[] = [];
  let progress = progressOf('');
  for (const line of joinLog) {
    progress = advance(progress, [line]);
    if (seen.at(-1) !== progress.phase) seen.push(progress.phase);
  }
  expect(seen).toEqual([
    'preflight',
    'control-plane-prepare/download-certs',
    'certs',
    'kubeconfig',
    'control-plane',
    'check-etcd',
    'kubelet-start',
    'etcd-join',
    'kubelet-wait-bootstrap',
    'mark-control-plane',
    'wait-control-plane',
    'done',
  ]);
  expect(progress).toEqual({ phase: 'done', title: 'has joined', etcdMemberAnnounced: true, finished: true });
});

test('the member is announced from that line on, not before', () => {
  const at = joinLog.findIndex((line) => line.startsWith('[etcd] Announced'));
  expect(progressOf(joinLog.slice(0, at).join('\n')).etcdMemberAnnounced).toBe(false);
  for (let end = at + 1; end <= joinLog.length; end++) {
    expect(progressOf(joinLog.slice(0, end).join('\n')).etcdMemberAnnounced).toBe(true);
  }
});

test('the manifest of etcd at init announces nothing', () => {
  const progress = progressOf('[etcd] Creating static Pod manifest for local etcd in "/etc/kubernetes/manifests"');
  expect(progress).toMatchObject({ phase: 'etcd', etcdMemberAnnounced: false });
});

test('lines that say nothing new change nothing', () => {
  const progress = progressOf('[kubelet-start] Starting the kubelet');
  expect(advance(progress, ['', 'error: error execution phase x: y', '[certs] Generating "x"'])).toBe(progress);
});

// Written by kubeadm 1.37.1 in units of Quorate.
const logOf = (name: string): string => readFileSync(new URL(`logs/${name}.txt`, import.meta.url), 'utf8');

test.each(['join-worker', 'join-control-plane', 'reset'])('a real log of %s ends as finished', (name) => {
  const progress = progressOf(logOf(name));
  expect(progress).toMatchObject({ phase: 'done', finished: true });
  expect(progress.etcdMemberAnnounced).toBe(name === 'join-control-plane');
});

test('a real log of init ends with the addons: its closing words belong to a phase that is skipped', () => {
  expect(progressOf(logOf('init'))).toMatchObject({ phase: 'addon', etcdMemberAnnounced: false });
});

test.each(['init', 'join-worker', 'join-control-plane', 'reset'])('a real log of %s holds no secret', (name) => {
  const log = logOf(name);
  expect(scrub(log)).toBe(log);
});
