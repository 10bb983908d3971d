import { describe, expect, it } from 'vitest';
import type { ClusterFacts } from '../../../model/facts/cluster-facts.js';
import { failureClasses } from '../../../model/failures/failure.js';
import { caHash, etcdMember, nodeFacts, noCluster, operationContext, otherCaHash } from '../../support/facts.js';
import { check, joinWorker, texts, verdicts, world } from './world.js';

const within = (cluster: Partial<ClusterFacts>, context = operationContext()) => world(context, {}, cluster);
const server = (
  host: string,
  initialised: boolean,
  ready: boolean,
  because?: string,
): ClusterFacts['controlPlane'][number] => ({
  host,
  initialised,
  ready,
  ...(because === undefined ? {} : { because }),
});

describe('joining', () => {
  it('needs a cluster', () => {
    for (const cluster of [undefined, noCluster(), { ...noCluster(), controlPlane: [] }]) {
      const one = { ...world(), cluster };
      expect(verdicts(one)).toEqual(['fatal NotInitialised']);
      expect(texts(one)[0]).toBe(
        'no control-plane host carries prod yet | make the cluster first: `quorate init` with cp1',
      );
    }
  });

  it('does not take a cluster that nobody could be asked about for one that does not exist', () => {
    const one = {
      ...world(),
      cluster: {
        ...noCluster(),
        controlPlane: [server('cp1', false, false, 'no SSH connection'), server('cp2', false, false)],
      },
    };
    expect(verdicts(one)).toEqual(['fatal ApiUnavailable']);
    expect(texts(one)[0]).toContain('do not initialise the cluster again');
  });

  it('needs an API server other than the host’s own', () => {
    const { askedAt: _, ...silent } = world().cluster!;
    const down = { ...silent, controlPlane: [server('cp1', true, false, 'etcd failed'), server('cp3', true, true)] };
    expect(verdicts({ ...world(), cluster: down })).toEqual(['fatal ApiUnavailable']);
    expect(check({ ...world(), cluster: down })[0]?.evidence).toEqual(['cp1: etcd failed']);
    expect(verdicts(within({ controlPlane: [server('cp1', true, false), server('cp3', true, true)] }))).toEqual([
      'fatal ApiUnavailable',
    ]);
  });

  it.each([
    [
      { clusterInfoEndpoint: 'https://10.9.9.9:6443' },
      'cluster-info says https://10.9.9.9:6443, kubeadm-config says 10.203.0.10:6443, the specification says 10.203.0.10:6443',
    ],
    [
      { kubeadmConfigEndpoint: 'api.prod:6443' },
      'cluster-info says https://10.203.0.10:6443, kubeadm-config says api.prod:6443, the specification says 10.203.0.10:6443',
    ],
    [
      { clusterInfoCaHash: otherCaHash },
      `the CA in cluster-info (${otherCaHash}) differs from ca.crt on cp1 (${caHash})`,
    ],
  ])('needs agreement: %j', (cluster, message) => {
    expect(verdicts(within(cluster))).toEqual(['fatal ClusterMismatch']);
    expect(texts(within(cluster))[0]).toContain(message);
    expect(verdicts(within(cluster, joinWorker()))).toEqual(['fatal ClusterMismatch']);
  });

  it('needs an endpoint for another control-plane node, not for a worker', () => {
    const without = (context = operationContext()) => {
      const one = world(context);
      const { kubeadmConfigEndpoint: _, ...cluster } = one.cluster!;
      return { ...one, cluster };
    };
    expect(verdicts(without())).toEqual(['fatal ClusterMismatch']);
    expect(texts(without())[0]).toContain('has no controlPlaneEndpoint in kubeadm-config');
    expect(verdicts(without(joinWorker()))).toEqual([]);
  });

  it.each([operationContext(), joinWorker()])('needs a controller-manager that leads ($kind)', (context) => {
    const leases = (ageSeconds: number): ClusterFacts['leases'] => [
      { name: 'kube-controller-manager', holder: 'cp1_a', ageSeconds },
      { name: 'kube-scheduler', holder: 'cp1_b', ageSeconds: 1 },
    ];
    expect(verdicts(within({ leases: leases(30) }, context))).toEqual([]);
    expect(verdicts(within({ leases: leases(31) }, context))).toEqual(['fatal ControllerManagerNotLeading']);
    expect(texts(within({ leases: leases(95.4) }, context))[0]).toContain('(cp1_a renewed its lease 95 s ago)');
    expect(verdicts(within({ leases: leases(1).slice(1) }, context))).toEqual(['fatal ControllerManagerNotLeading']);
    expect(verdicts(within({ leases: leases(1).slice(0, 1) }, context))).toEqual(['warning ControlPlaneNotReady']);
  });

  it.each([operationContext(), joinWorker()])('does not begin while etcd has an alarm ($kind)', (context) => {
    const etcd = { askedAt: 'cp1', alarms: ['NOSPACE'], members: [etcdMember('cp1'), etcdMember('cp2')] };
    expect(verdicts(within({ etcd }, context))).toEqual(['fatal EtcdUnhealthy']);
    expect(texts(within({ etcd }, context))[0]).toContain('has the alarm NOSPACE');
  });

  it('warns of a backend without a health check', () => {
    const backends = [
      { loadBalancer: 'lb1', name: 'cp1', address: '10.203.0.11:6443', status: 'no check', lastCheck: '' },
    ];
    expect(verdicts(within({ backends }))).toEqual(['warning BackendNotUp']);
  });

  it('names everything at once, what no wait can mend first', () => {
    const one = world(
      operationContext(),
      { swapOn: true, clockOffsetMs: 99_000, kubeletStatePresent: true },
      { leases: [], nodes: [nodeFacts('cp3', { machineId: 'aa' })] },
    );
    const found = verdicts(one);
    expect([...found].sort()).toEqual([
      'approval DirtyHost',
      'fatal ClockSkew',
      'fatal ControllerManagerNotLeading',
      'fatal HostUnsuitable',
      'fatal IdentityConflict',
      'warning ControlPlaneNotReady',
    ]);
    expect(failureClasses[check(one)[0]!.code]).toBe('definitive');
    expect(found.slice(3)).toEqual([
      'fatal ControllerManagerNotLeading',
      'approval DirtyHost',
      'warning ControlPlaneNotReady',
    ]);
  });
});
