import { beforeEach, describe, expect, test } from 'vitest';
import { readActivities } from '../../activities/read.js';
import { renderMarker } from '../../adapters/host/marker.js';
import type { ClusterFacts, EtcdMember } from '../../model/facts/cluster-facts.js';
import type { OperationContext } from '../../model/operation.js';
import { prodCa } from '../adapters/host/certificates.js';
import { activityEnvironment } from '../support/activity-environment.js';
import { etcdMember, operationContext } from '../support/facts.js';
import { simulatedCluster } from '../support/simulated-cluster.js';
import type { SimulatedCluster } from '../support/simulated-cluster.js';

const context = operationContext({ loadBalancer: { kind: 'external' } });
const init = operationContext({ kind: 'init', loadBalancer: { kind: 'external' } });

let cluster: SimulatedCluster;
beforeEach(() => (cluster = simulatedCluster()));
const readCluster = (of: OperationContext = context): Promise<ClusterFacts> =>
  readActivities(cluster.dependencies).readCluster(of);

describe('reading the cluster', () => {
  test('asks every control plane but the target, and the first that is ready about the rest', async () => {
    cluster.apiServers.set('cp1', 'not-ready');
    const facts = await readCluster();
    expect(facts).toMatchObject({
      controlPlane: [
        { host: 'cp1', initialised: true, ready: false, because: 'not ready: etcd failed: reason withheld' },
        { host: 'cp2', initialised: true, ready: true },
      ],
      askedAt: 'cp2',
      caHash: prodCa.hash,
      serverVersion: 'v1.37.1',
      etcd: { askedAt: 'cp2' },
      backends: [],
    });
    expect(facts.nodes.map(({ name }) => name)).toEqual(['cp1', 'cp2', 'cp3', 'w1']);
    expect(facts.leases.map(({ name }) => name)).toEqual(['kube-controller-manager', 'kube-scheduler']);
    expect(cluster.host('cp3').runs).toEqual([]);
  });

  test('asks another host for etcd when the first one’s does not answer', async () => {
    cluster.instead = (host, { script }) =>
      host === 'cp1' && script.includes('member list') ? { code: 1, stderr: 'context deadline exceeded' } : undefined;
    expect((await readCluster()).etcd).toMatchObject({ askedAt: 'cp2' });
  });

  test('is possible without etcd: that is for the preflight to judge', async () => {
    cluster.instead = (_, { script }) =>
      script.includes('member list') ? { code: 1, stderr: 'context deadline exceeded' } : undefined;
    const facts = await readCluster();
    expect(facts.etcd).toBeUndefined();
    expect(facts.askedAt).toBe('cp1');
  });

  test('is possible while a load balancer does not answer', async () => {
    cluster.down.add('lb1');
    expect((await readCluster(operationContext())).backends).toEqual([]);
  });

  test('that exists and does not answer is tried again, before an operation blocks', async () => {
    cluster.apiServers.set('cp1', 'silent');
    cluster.apiServers.delete('cp2');
    await expect(readCluster()).rejects.toMatchObject({
      type: 'ApiUnavailable',
      details: {
        evidence: [expect.stringMatching(/^cp1: nothing listens/), expect.stringMatching(/^cp2: .*admin\.conf/)],
      },
    });
  });

  test('whose etcd has no majority that answers is told so at once', async () => {
    cluster.apiServers.set('cp1', 'not-ready');
    cluster.down.add('cp2');
    const silent = ({ id, name, peerUrls, clientUrls, isLearner }: EtcdMember): EtcdMember => ({
      id,
      ...(name === undefined ? {} : { name }),
      peerUrls,
      clientUrls,
      isLearner,
    });
    cluster.members = [etcdMember('cp1'), silent(etcdMember('cp2')), silent(etcdMember('cp4'))];
    await expect(readCluster()).rejects.toMatchObject({
      type: 'QuorumAtRisk',
      message: 'etcd of prod has lost quorum: 1 of 3 voters answer, 2 are needed; no change is possible',
      details: { remedy: expect.stringMatching(/^bring cp2 \(id \w+\), cp4 \(id \w+\) back, then retry/) as string },
    });
    cluster.members = [etcdMember('cp1'), etcdMember('cp2'), silent(etcdMember('cp4'))];
    await expect(readCluster()).rejects.toMatchObject({ type: 'ApiUnavailable' });
  });

  test('whose hosts cannot be reached is tried again: it is not known whether there is one', async () => {
    cluster.down.add('cp1').add('cp2');
    await expect(readCluster()).rejects.toMatchObject({ type: 'ApiUnavailable' });
  });

  test('that does not exist is a fact', async () => {
    cluster.apiServers.clear();
    const facts = await readCluster();
    expect(facts.askedAt).toBeUndefined();
    expect(facts.controlPlane.map(({ initialised }) => initialised)).toEqual([false, false]);
    expect(facts.nodes).toEqual([]);
    expect(facts.etcd).toBeUndefined();
  });

  test('before an init is a fact, whatever is there', async () => {
    cluster.apiServers.delete('cp1');
    cluster.apiServers.set('cp2', 'silent');
    cluster.apiServers.set('cp3', 'not-ready');
    const facts = await readCluster(init);
    expect(facts.askedAt).toBeUndefined();
    // Members of a cluster that has lost its API servers are still told of.
    expect(facts.etcd?.members.map(({ id }) => id)).toContain(etcdMember('cp1').id);
  });
});

describe('R2: reading before an init', () => {
  test('asks from the host at the endpoint and at every other declared address, and reads the host itself as a cluster', async () => {
    const facts = await readCluster(init);
    expect(facts.answering).toEqual(
      ['10.203.0.10', '10.203.0.12', '10.203.0.13'].map((address) => ({
        server: `${address}:6443`,
        answers: 'yes',
        ownCa: false,
      })),
    );
    expect(facts.controlPlane.map(({ host, initialised }) => [host, initialised])).toEqual([
      ['cp1', true],
      ['cp2', true],
      ['cp3', true],
    ]);
    expect(facts.askedAt).toBe('cp1');
    for (const name of ['cp2', 'cp3'])
      expect(cluster.host(name).runs.filter(({ script }) => script.includes('echo unasked'))).toEqual([]);
  });

  test('finds a cluster that lives, whose hosts cannot be reached by SSH', async () => {
    cluster.apiServers.delete('cp1');
    cluster.down.add('cp2').add('cp3');
    const facts = await readCluster(init);
    expect(facts.controlPlane.map(({ initialised }) => initialised)).toEqual([false, false, false]);
    expect(facts.answering?.map(({ answers }) => answers)).toEqual(['yes', 'yes', 'yes']);
  });

  test('finds nobody where nobody is', async () => {
    cluster.apiServers.clear();
    const facts = await readCluster(init);
    expect(facts.answering?.map(({ answers }) => answers)).toEqual(['no', 'no', 'no']);
  });

  test('is no matter for a join', async () => {
    expect(await readCluster()).not.toHaveProperty('answering');
  });

  test('waits for each host, however slow: silence is not taken for absence', async () => {
    cluster.instead = (host, { script }) =>
      host === 'cp2' && script.includes('echo initialised') ? { end: { kind: 'timeout' } } : undefined;
    const [, second] = (await readCluster(init)).controlPlane;
    expect(second).toMatchObject({ host: 'cp2', initialised: false });
    expect(second?.because).not.toMatch(/while another host answered/);
  });
});

describe('R1: whose marker is on the host', () => {
  const marker = (run: string): string =>
    `${renderMarker({ operation: context.operation, run, cluster: 'prod', at: '', state: 'begun' })}\n`;
  const readHost = (runId: string) =>
    activityEnvironment({ workflowExecution: { workflowId: 'test', runId } }).run(() =>
      readActivities(cluster.dependencies).readHost(context),
    );
  test('is told by the run that reads it', async () => {
    cluster.target.marker = marker('run-1');
    expect((await readHost('run-1')).marker).toMatchObject({ run: 'run-1', state: 'begun', ofThisRun: true });
    expect((await readHost('run-2')).marker).toMatchObject({ run: 'run-1', state: 'begun', ofThisRun: false });
  });
  test('of older code, which knew no runs, is of none', async () => {
    cluster.target.marker = `${JSON.stringify({ operation: context.operation, cluster: 'prod', at: '' })}\n`;
    expect((await readHost('run-1')).marker).toMatchObject({ ofThisRun: false });
  });
  test('is nobody’s where there is none', async () => {
    expect(await readHost('run-1')).not.toHaveProperty('marker');
  });
});

test('reading the host asks the target alone', async () => {
  const facts = await activityEnvironment().run(() => readActivities(cluster.dependencies).readHost(context));
  expect(facts).toMatchObject({ hostname: 'cp3', cpus: 4 });
  expect(cluster.host('cp1').runs).toEqual([]);
});
