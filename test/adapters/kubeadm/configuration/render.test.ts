import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { expect, test } from 'vitest';
import { merge, renderDocuments } from '../../../../adapters/kubeadm/configuration/configuration.js';
import { renderInit } from '../../../../adapters/kubeadm/configuration/render-init.js';
import { renderJoin } from '../../../../adapters/kubeadm/configuration/render-join.js';
import { renderReset } from '../../../../adapters/kubeadm/configuration/render-reset.js';
import { operationContext } from '../../../support/facts.js';

// The golden files are accepted by `kubeadm config validate` of 1.37.1.
const golden = (name: string): string => `golden/${name}.golden`;
const secrets = {
  token: 'abcdef.0123456789abcdef',
  caHash: `sha256:${'7bb7'.repeat(16)}`,
  certificateKey: '0f'.repeat(32),
};
const labels = { 'topology.kubernetes.io/zone': 'a', team: 'on', 'node-role.kubernetes.io/worker': '' };

const rich = operationContext({ kind: 'init' });
const init = {
  ...rich,
  kubeadm: {
    ...rich.kubeadm,
    ignorePreflightErrors: ['SystemVerification'],
    kubelet: { failCgroupV1: false, kind: 'Wrong' },
    kubeProxy: { mode: 'nftables', conntrack: { maxPerCore: 0 } },
    clusterConfiguration: {
      clusterName: 'mine',
      kubernetesVersion: 'v1.0.0',
      networking: { dnsDomain: 'corp.local', podSubnet: '192.168.0.0/16' },
      apiServer: { extraArgs: [{ name: 'audit-log-path', value: '/var/log/audit.log' }] },
    },
    kubeletExtraArgs: [
      { name: 'node-labels', value: 'rack=r1' },
      { name: 'v', value: '2' },
    ],
  },
};

test('init', async () => {
  await expect(renderInit(init)).toMatchFileSnapshot(golden('init'));
});

test('join as control plane', async () => {
  await expect(renderJoin(operationContext(), secrets)).toMatchFileSnapshot(golden('join-control-plane'));
});

test('join as worker, with labels and taints', async () => {
  const context = operationContext({ kind: 'join-worker' });
  const target = { ...context.target, labels, taints: [{ key: 'dedicated', value: 'yes', effect: 'NoSchedule' }] };
  const yaml = renderJoin({ ...context, target }, { token: secrets.token, caHash: secrets.caHash });
  await expect(yaml).toMatchFileSnapshot(golden('join-worker'));
});

test('reset, and its second try', async () => {
  await expect(renderReset(operationContext())).toMatchFileSnapshot(golden('reset'));
  expect(renderReset(operationContext(), { lazyUnmount: true })).toContain('unmountFlags:\n  - MNT_DETACH\n');
});

test('a control-plane join without a key is refused: kubeadm would join a worker', () => {
  expect(() => renderJoin(operationContext(), { token: secrets.token, caHash: secrets.caHash })).toThrow(TypeError);
});

test("no taints in the specification is kubeadm's default, an empty list is none", () => {
  const context = operationContext();
  expect(renderJoin(context, secrets)).not.toContain('taints');
  expect(renderJoin({ ...context, target: { ...context.target, taints: [] } }, secrets)).toContain('taints: []');
});

test('the node IP of the specification wins', () => {
  const context = operationContext();
  const kubeadm = { ...context.kubeadm, kubeletExtraArgs: [{ name: 'node-ip', value: '::1' }] };
  const yaml = renderJoin({ ...context, kubeadm }, secrets);
  expect(yaml.match(/node-ip/g)).toHaveLength(1);
  expect(yaml).toContain('value: ::1');
});

test('any string comes back as that string from a YAML 1.1 parser, as kubeadm has one', () => {
  const strange = fc.oneof(
    fc.string(),
    fc.constantFrom('yes', 'on', 'NO', '1:30', '0o7', '1e3', '~', '2026-01-01', '0x1f'),
  );
  fc.assert(
    fc.property(strange, (value) => {
      const [document] = parseAllDocuments(renderDocuments([{ value }]), { version: '1.1' });
      expect(document?.toJS()).toEqual({ value });
    }),
  );
});

test('merging keeps what only one side has, and the upper side wins', () => {
  expect(merge({ a: { b: 1, c: [1] }, d: 2 }, { a: { c: [2] }, e: undefined, d: 3 })).toEqual({
    a: { b: 1, c: [2] },
    d: 3,
  });
});
