import { afterAll, beforeAll, expect, test } from 'vitest';
import { Submitted } from '../../../api/client/client.js';
import { createQuorateClient } from '../../../api/client/temporal-client.js';
import { workflowIds } from '../../../model/messages.js';
import { startApiServer } from '../../support/api-server.js';
import type { ApiServer } from '../../support/api-server.js';
import { uniqueName } from '../../support/temporal.js';
import { useHarness } from '../../support/use-harness.js';

// A hundred operations of the product's own workflows on ten clusters; only the hosts are scripted.

const harness = useHarness('hundred');
let api: ApiServer;
beforeAll(async () => {
  const { client, taskQueue } = harness();
  api = await startApiServer(createQuorateClient(client, taskQueue), {
    limits: { requestsPerSecond: 1_000, connectionsPerAddress: 1_000 },
  });
});
afterAll(() => api.stop());

const controlPlane = ['cp3', 'cp4', 'cp5'];
const workers = ['w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8'];
const hosts = [...controlPlane, ...workers];

const specification = (cluster: string): string => `
apiVersion: quorate.dev/v1alpha1
kind: Cluster
metadata: { name: ${cluster} }
spec:
  kubernetesVersion: v1.37.1
  controlPlaneEndpoint: 10.203.0.10:6443
  networking: { podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/16 }
  loadBalancer: { kind: haproxy, hosts: [lb1] }
  hosts:
    lb1: { role: load-balancer, address: 10.203.0.10 }
${['cp1', 'cp2', ...controlPlane].map((host, index) => `    ${host}: { role: control-plane, address: 10.203.0.${11 + index} }`).join('\n')}
${workers.map((host, index) => `    ${host}: { role: worker, address: 10.203.0.${22 + index} }`).join('\n')}
`;

/** A 503 says that it may still be carried out: clients ask again with the same key, which is one operation all the same. */
const ask = async (cluster: string, host: string, key: string, left = 3): Promise<Submitted> => {
  const response = await fetch(`${api.url}/v1/operations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({
      verb: 'join',
      host,
      by: 'ann@desk',
      specification: { text: specification(cluster), file: 'cluster.yaml' },
    }),
  });
  const body: unknown = await response.json();
  if (response.status === 503 && left > 0) return ask(cluster, host, key, left - 1);
  if (response.status !== 202) throw new Error(`${response.status}: ${JSON.stringify(body)}`);
  return Submitted.parse(body);
};

/** Begin and end of every run of a workflow id, by its own history, oldest first. */
const spans = async (workflowId: string): Promise<{ operation: string; began: number; ended: number }[]> => {
  const { client } = harness();
  const found: { operation: string; began: number; ended: number }[] = [];
  for await (const { runId, memo } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    const { events = [] } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const at = (event: (typeof events & object)[number] | undefined): number =>
      Number(event?.eventTime?.seconds) * 1_000 + Number(event?.eventTime?.nanos) / 1e6;
    found.push({
      operation: String(memo?.['operation']),
      began: at(events?.[0]),
      ended: at(events?.at(-1)),
    });
  }
  return found.toSorted((a, b) => a.began - b.began);
};

test('a hundred operations on ten clusters, each asked for three times at once: each runs once, none overlaps', async () => {
  const clusters = Array.from({ length: 10 }, (_, index) => uniqueName(`hundred${index}`));
  const wanted = clusters.flatMap((cluster) => hosts.map((host) => ({ cluster, host, key: `${cluster}/${host}` })));
  expect(wanted).toHaveLength(100);
  const asked = await Promise.all(
    wanted.flatMap(({ cluster, host, key }) => [1, 2, 3].map(() => ask(cluster, host, key))),
  );
  const operations = new Set(asked.map(({ operation }) => operation));
  expect(asked).toHaveLength(300);
  expect(operations.size).toBe(100);

  for (const cluster of clusters) {
    await expect
      .poll(async () => (await harness().queue(cluster)).ended.length, { timeout: 240_000, interval: 500 })
      .toBe(hosts.length);
  }
  for (const cluster of clusters) {
    const { ended, running, waiting } = await harness().queue(cluster);
    expect([running, waiting]).toEqual([[], []]);
    expect(ended.map(({ outcome }) => outcome)).toEqual(hosts.map(() => 'finished'));
    const script = harness().script(cluster);
    const joined = script
      .callsOf('runKubeadm')
      .map(({ args }) => (args[0] as { target: { name: string } }).target.name);
    expect(joined.toSorted()).toEqual(hosts.toSorted());

    const exclusive = await spans(workflowIds.exclusive(cluster));
    expect(exclusive).toHaveLength(controlPlane.length);
    expect(new Set(exclusive.map(({ operation }) => operation)).size).toBe(controlPlane.length);
    for (const [index, { began }] of exclusive.entries()) {
      expect(began).toBeGreaterThanOrEqual(exclusive[index - 1]?.ended ?? 0);
    }
  }

  // Asked for once more after their end they are the same operations, and nothing runs again.
  const [first] = wanted;
  if (first === undefined) throw new Error('nothing was wanted');
  const again = await ask(first.cluster, first.host, first.key);
  expect(operations.has(again.operation)).toBe(true);
  expect(harness().script(first.cluster).callsOf('runKubeadm')).toHaveLength(hosts.length);
}, 300_000);
