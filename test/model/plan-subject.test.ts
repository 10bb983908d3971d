import { describe, expect, it } from 'vitest';
import type { ClusterFacts } from '../../model/facts/cluster-facts.js';
import type { HostFacts } from '../../model/facts/host-facts.js';
import { planSubject } from '../../model/plan-subject.js';
import {
  caHash,
  clusterFacts,
  etcdMember,
  hostFacts,
  leftovers,
  nodeFacts,
  operationContext,
  otherCaHash,
} from '../support/facts.js';

const context = operationContext();
const { status: _, ...dead } = etcdMember('cp3');
const stale: Partial<ClusterFacts> = {
  nodes: [nodeFacts('cp1'), nodeFacts('cp2'), nodeFacts('cp3', { ready: false })],
  etcd: { askedAt: 'cp1', alarms: [], members: [etcdMember('cp1'), etcdMember('cp2'), dead] },
};
const dirty = leftovers('prod', {
  listeners: [{ port: 10250, process: 'kubelet', pid: 811, unit: 'kubelet.service' }],
});
const subject = (
  host: Partial<HostFacts> = dirty,
  cluster: Partial<ClusterFacts> = stale,
  of = context,
): Record<string, unknown> =>
  JSON.parse(planSubject(of, hostFacts(host), clusterFacts(cluster))) as Record<string, unknown>;

describe('R8: what the approval of a plan is for', () => {
  it('is what it would change and destroy', () => {
    expect(subject()).toEqual({
      kind: 'join-control-plane',
      host: 'cp3',
      machineId: 'c3'.repeat(16),
      cluster: caHash,
      kubernetesVersion: 'v1.37.1',
      stopsEarlierCommands: false,
      removesMember: dead.id,
      deletesNode: nodeFacts('cp3').uid,
      resets: { cas: [caHash], etcdData: false },
      loadBalancers: ['lb1'],
    });
  });

  it('of a clean host is that nothing is destroyed', () => {
    expect(subject({}, {})).toMatchObject({ removesMember: null, deletesNode: null, resets: null });
  });

  it.each<[string, Partial<HostFacts>, Partial<ClusterFacts>]>([
    ['another pid', { listeners: [{ port: 10250, process: 'kubelet', pid: 9_999, unit: 'kubelet.service' }] }, {}],
    ['more files and rules', { kubernetesFiles: ['/etc/kubernetes/kubelet.conf'], packetFilterRules: 99 }, {}],
    ['a clock that is off, less disk', { clockOffsetMs: 1_000, diskFreeMiB: { '/etc': 1 } }, {}],
    [
      'a Node that became NotReady, other leases and backends',
      {},
      {
        nodes: [nodeFacts('cp1', { ready: false }), nodeFacts('cp3', { ready: true })],
        leases: [],
        backends: [],
      },
    ],
    [
      'other raft indexes and another leader',
      {},
      {
        etcd: {
          askedAt: 'cp2',
          alarms: [],
          members: [
            etcdMember('cp1', { status: { ...etcdMember('cp1').status!, isLeader: false, raftIndex: 99_999 } }),
            etcdMember('cp2'),
            dead,
          ],
        },
      },
    ],
  ])('stays the same with %s', (_what, host, cluster) => {
    expect(subject({ ...dirty, ...host }, { ...stale, ...cluster })).toEqual(subject());
  });

  it.each<[string, Partial<HostFacts>, Partial<ClusterFacts>, ReturnType<typeof operationContext>]>([
    ['another machine', { machineId: 'aa'.repeat(16) }, {}, context],
    ['a node of another cluster on the host', { pkiCaHash: otherCaHash }, {}, context],
    ['etcd data on it', { etcdDataPresent: true }, {}, context],
    ['a command of an earlier operation', { runningUnits: ['quorate-join-0f3c5a7b9d1e.service'] }, {}, context],
    ['another Node', {}, { nodes: [nodeFacts('cp1'), nodeFacts('cp3', { uid: 'another', ready: false })] }, context],
    ['no member to remove', {}, { etcd: { askedAt: 'cp1', alarms: [], members: [etcdMember('cp1')] } }, context],
    ['another CA of the cluster', {}, { caHash: otherCaHash }, context],
    ['another version', {}, {}, operationContext({ kubernetesVersion: 'v1.38.0' })],
    ['a load balancer of somebody else', {}, {}, operationContext({ loadBalancer: { kind: 'external' } })],
  ])('is another with %s', (_what, host, cluster, of) => {
    expect(subject({ ...dirty, ...host }, { ...stale, ...cluster }, of)).not.toEqual(subject());
  });

  it('of a worker never is a member, and a cluster that is not there goes by its name', () => {
    const worker = operationContext({ kind: 'join-worker', host: 'cp3' });
    expect(subject(dirty, stale, worker)).toMatchObject({ kind: 'join-worker', removesMember: null });
    const init = operationContext({ kind: 'init' });
    expect(JSON.parse(planSubject(init, hostFacts(), undefined))).toMatchObject({ kind: 'init', cluster: 'prod' });
  });
});
