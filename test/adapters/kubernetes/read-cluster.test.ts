import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readCluster } from '../../../adapters/kubernetes/read-cluster.js';
import { ClusterFacts } from '../../../model/facts/cluster-facts.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { address, fakeApiServer, node } from './api-server.js';
import type { FakeApiServer } from './api-server.js';

let api: FakeApiServer;
beforeAll(async () => {
  api = await fakeApiServer();
});
afterAll(() => api.close());

const lease = (name: string): string => `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${name}`;

test('nodes, leases, ConfigMaps and version, in one command over one connection', async () => {
  const ca = readFileSync(join(api.host.folder, 'etc/pki/ca.crt'));
  api.objects.set('/api/v1/nodes', {
    items: [
      node('w1', { status: 'True', reason: 'KubeletReady' }),
      node(
        'cp1',
        { status: 'False', reason: 'KubeletNotReady', message: 'container runtime network not ready' },
        {
          metadata: {
            name: 'cp1',
            uid: 'u',
            creationTimestamp: '2026-01-05T08:00:00Z',
            labels: { 'node-role.kubernetes.io/control-plane': '' },
          },
        },
      ),
    ],
  });
  api.objects.set(lease('kube-controller-manager'), {
    spec: { holderIdentity: 'cp1_5a0e', renewTime: new Date(Date.now() - 42_000).toISOString() },
  });
  api.objects.set(lease('kube-scheduler'), { spec: {} });
  api.objects.set('/api/v1/namespaces/kube-system/configmaps/kubeadm-config', {
    data: {
      ClusterConfiguration: stringify({
        kind: 'ClusterConfiguration',
        clusterName: 'prod-1',
        controlPlaneEndpoint: '10.0.0.10:6443',
      }),
    },
  });
  api.objects.set('/api/v1/namespaces/kube-system/configmaps/quorate', { data: { cluster: 'prod' } });
  api.objects.set('/api/v1/namespaces/kube-public/configmaps/cluster-info', {
    data: {
      'jws-kubeconfig-abcdef': 'x',
      kubeconfig: stringify({
        clusters: [{ cluster: { server: 'https://old:6443', 'certificate-authority-data': ca.toString('base64') } }],
      }),
    },
  });
  api.objects.set('/version', '{\n  "gitVersion": "v1.37.1"\n}');
  const facts = await readCluster(api.host, address);
  expect(facts).toEqual({
    caHash: api.caHash,
    serverVersion: 'v1.37.1',
    kubeadmConfigEndpoint: '10.0.0.10:6443',
    kubeadmConfigName: 'prod-1',
    managedAs: 'prod',
    clusterInfoEndpoint: 'https://old:6443',
    clusterInfoCaHash: api.caHash,
    leases: [
      { name: 'kube-controller-manager', holder: 'cp1_5a0e', ageSeconds: expect.any(Number) as number },
      { name: 'kube-scheduler', holder: '', ageSeconds: Number.MAX_SAFE_INTEGER },
    ],
    nodes: [
      {
        name: 'w1',
        uid: 'uid-w1',
        ready: true,
        controlPlane: false,
        unschedulable: false,
        kubeletVersion: 'v1.37.1',
        internalIp: '10.0.0.21',
        machineId: 'abc',
        createdAt: '2026-01-05T08:00:00Z',
        labels: { zone: 'a' },
        taints: ['dedicated=x:NoSchedule', 'plain:NoExecute'],
      },
      expect.objectContaining({
        name: 'cp1',
        ready: false,
        notReadyBecause: 'KubeletNotReady: container runtime network not ready',
        controlPlane: true,
      }),
    ],
  });
  expect(facts.leases[0]?.ageSeconds).toBeGreaterThanOrEqual(42);
  expect(facts.leases[0]?.ageSeconds).toBeLessThan(60);
  ClusterFacts.parse({ controlPlane: [], backends: [], ...facts });
});

test('what is not there, or is no YAML, is absent', async () => {
  api.objects.clear();
  api.objects.set('/api/v1/nodes', { items: [] });
  api.objects.set('/api/v1/namespaces/kube-system/configmaps/kubeadm-config', { data: { ClusterConfiguration: '{' } });
  expect(await readCluster(api.host, address)).toEqual({ caHash: api.caHash, nodes: [], leases: [] });
});

test('an API server that cannot serve is ApiUnavailable', async () => {
  api.answerAll({ status: 500, body: '{"message":"etcdserver: request timed out"}' });
  await expect(readCluster(api.host, address)).rejects.toMatchObject({ type: 'ApiUnavailable' });
});
