import { describe, expect, it } from 'vitest';
import { QuorateError } from '../../../model/failures/failure.js';
import { OperationContext } from '../../../model/operation.js';
import { operationContext } from '../../../model/specification/operation-context.js';
import { Specification } from '../../../model/specification/specification.js';
import { exampleValue } from './example.js';

const specification = Specification.parse(exampleValue());
const ids = { operation: 'prod/join-control-plane/cp2/k1', round: 0 };

const failure = (run: () => unknown): QuorateError => {
  try {
    run();
  } catch (error) {
    if (error instanceof QuorateError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('operationContext', () => {
  it('carries what the activities need, with all defaults', () => {
    const context = operationContext(specification, 'join-control-plane', 'cp2', ids);
    expect(context).toEqual({
      operation: 'prod/join-control-plane/cp2/k1',
      kind: 'join-control-plane',
      cluster: 'prod',
      kubernetesVersion: 'v1.37.1',
      endpoint: '10.203.0.10:6443',
      networking: { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/16', dnsDomain: 'cluster.local' },
      target: { name: 'cp2', address: '10.203.0.12', ssh: 'cp2.dc1', labels: {} },
      controlPlane: [
        { name: 'cp1', address: '10.203.0.11' },
        { name: 'cp2', address: '10.203.0.12', ssh: 'cp2.dc1' },
        { name: 'cp3', address: '10.203.0.13' },
      ],
      loadBalancer: {
        kind: 'haproxy',
        hosts: [{ name: 'lb1', address: '10.203.0.10' }],
        backend: 'kube-apiserver',
      },
      policy: {
        resetDirtyHosts: 'approve',
        networkLeftovers: 'warn',
        removeStaleMembers: 'when-safe',
        snapshotsKept: 5,
        joinBudgetMs: 1_800_000,
        unreachableBudgetMs: 120_000,
        readyBudgetMs: 300_000,
        resumeWhenHealthy: true,
        probeEveryMs: 15_000,
        parallelJoins: 20,
        approvals: { plans: false, byAnother: false, expireAfterMs: 86_400_000 },
      },
      notify: [],
      kubeadm: {
        ignorePreflightErrors: [],
        criSocket: 'unix:///run/containerd/containerd.sock',
        imagePullPolicy: 'IfNotPresent',
        kubelet: {},
        kubeProxy: {},
        clusterConfiguration: {},
        kubeletExtraArgs: [],
      },
      round: 0,
    });
    expect(OperationContext.parse(context)).toEqual(context);
  });

  it('S17: hands subnets on without the blanks that kubeadm does not take', () => {
    const dual = Specification.parse(
      exampleValue({
        'spec.networking': { podSubnet: '10.244.0.0/16, fd01::/48', serviceSubnet: '10.96.0.0/16 ,fd02::/112' },
      }),
    );
    expect(operationContext(dual, 'join-control-plane', 'cp2', ids).networking).toMatchObject({
      podSubnet: '10.244.0.0/16,fd01::/48',
      serviceSubnet: '10.96.0.0/16,fd02::/112',
    });
  });

  it('R10: spells addresses of IPv6 as Kubernetes and etcd do, of which names are made', () => {
    const value = exampleValue({
      'spec.hosts.cp1.address': '2001:DB8:0:0::1',
      'spec.hosts.cp2.address': '2001:0db8:0000:0000:0000:0000:0000:0002',
      'spec.hosts.cp3.address': '2001:db8::3',
      'spec.hosts.lb1.address': '2001:DB8::A',
    });
    const context = operationContext(Specification.parse(value), 'join-control-plane', 'cp2', ids);
    expect(context.target.address).toBe('2001:db8::2');
    expect(context.controlPlane.map(({ address }) => address)).toEqual(['2001:db8::1', '2001:db8::2', '2001:db8::3']);
    expect(context.loadBalancer).toMatchObject({ hosts: [{ address: '2001:db8::a' }] });
    expect(operationContext(specification, 'join-control-plane', 'cp2', ids).target.address).toBe('10.203.0.12');
  });

  it('keeps labels, taints and an external load balancer', () => {
    const value = exampleValue({
      'spec.loadBalancer': { kind: 'external' },
      'spec.hosts.w1.taints': [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }],
    });
    const context = operationContext(Specification.parse(value), 'join-worker', 'w1', { ...ids, round: 2 });
    expect(context.loadBalancer).toEqual({ kind: 'external' });
    expect(context.target.labels).toEqual({ zone: 'a' });
    expect(context.target.taints).toEqual([{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }]);
    expect(context.round).toBe(2);
  });

  it('keeps the difference between no taints named and none wanted', () => {
    const value = exampleValue({ 'spec.hosts.cp3.taints': [] });
    const context = operationContext(Specification.parse(value), 'join-control-plane', 'cp3', ids);
    expect(context.target.taints).toEqual([]);
    expect('taints' in operationContext(specification, 'join-control-plane', 'cp1', ids).target).toBe(false);
  });

  it('names the hosts there are, and the one that was meant', () => {
    const error = failure(() => operationContext(specification, 'join-control-plane', 'c3p', ids));
    expect(error.type).toBe('UnknownHost');
    expect(error.message).toBe('prod has no host c3p');
    expect(error.details.remedy).toBe('did you mean cp3? use one of cp1, cp2, cp3, w1, lb1, or add spec.hosts.c3p');
  });

  it('does not take names that every object has for hosts', () => {
    expect(failure(() => operationContext(specification, 'join-worker', 'constructor', ids)).type).toBe('UnknownHost');
  });

  it.each([
    ['init', 'w1', 'control-plane', 'join-worker'],
    ['join-control-plane', 'w1', 'control-plane', 'join-worker'],
    ['join-worker', 'cp1', 'worker', 'join-control-plane'],
    ['join-worker', 'lb1', 'worker', 'no operation'],
  ] as const)('%s refuses %s', (kind, host, role, remedy) => {
    const error = failure(() => operationContext(specification, kind, host, ids));
    expect(error.type).toBe('InvalidSpecification');
    expect(error.details.host).toBe(host);
    expect(error.message).toContain(`needs a host with the role ${role}`);
    expect(error.details.remedy).toContain(remedy);
  });
});
