import { describe, expect, it } from 'vitest';
import type { ClusterFacts } from '../../model/facts/cluster-facts.js';
import { operationSteps } from '../../workflows/operations/index.js';
import { caHash, etcdMember, nodeFacts, operationContext } from '../support/facts.js';
import { init, joinWorker, world, type World } from './preflight/world.js';

const lines = ({ context, host, cluster }: World): readonly string[] =>
  operationSteps[context.kind].plan({ context, host, cluster });
const stale = etcdMember('cp3');
delete stale.status;
const etcd = (members: NonNullable<ClusterFacts['etcd']>['members']): ClusterFacts['etcd'] => ({
  askedAt: 'cp1',
  alarms: [],
  members,
});
const healthy = [etcdMember('cp1'), etcdMember('cp2')];
const dirty = { kubernetesFiles: ['/etc/kubernetes/kubelet.conf'], kubeletStatePresent: true };

describe('plan', () => {
  it('of a control-plane join on a clean host', () => {
    expect(lines(world())).toEqual([
      'snapshot etcd on cp1, keep 5',
      'prepare cp3: kubelet enabled, kernel modules, sysctls, images of v1.37.1',
      'register cp3 on lb1, disabled',
      'join cp3 as a control-plane node of prod: voters 2 → 3, tolerates 0 → 1',
      'enable cp3 on lb1 when it is ready',
    ]);
  });

  it('of a control-plane join of a host that the cluster remembers', () => {
    const one = world(operationContext(), dirty, {
      etcd: etcd([...healthy, stale]),
      nodes: [nodeFacts('cp3', { ready: false })],
    });
    expect(lines(one)).toEqual([
      'snapshot etcd on cp1, keep 5',
      `remove the stale etcd member cp3 (id ${stale.id}): voters 3 → 2, tolerates 1 → 0 (healthy 2 of 3 → 2 of 2)`,
      'delete the stale Node cp3 (NotReady, created 2026-01-05T08:00:00Z)',
      'reset cp3: /etc/kubernetes (1 file), /var/lib/kubelet',
      'prepare cp3: kubelet enabled, kernel modules, sysctls, images of v1.37.1',
      'register cp3 on lb1, disabled',
      'join cp3 as a control-plane node of prod: voters 2 → 3, tolerates 0 → 1',
      'enable cp3 on lb1 when it is ready',
    ]);
  });

  it('begins with what an earlier operation left running', () => {
    const running = { runningUnits: ['quorate-join-0f3c5a7b9d1e.service'] };
    for (const context of [operationContext(), joinWorker(), init()])
      expect(lines(world(context, running))[0]).toBe(
        `stop quorate-join-0f3c5a7b9d1e.service on ${context.target.name}, left running by an earlier operation; then read it again`,
      );
  });

  it('calls a learner a learner', () => {
    const { status: _, name: __, ...learner } = etcdMember('cp3', { isLearner: true });
    expect(lines(world(operationContext(), {}, { etcd: etcd([...healthy, learner]) }))[1]).toBe(
      `remove the stale etcd learner (never started, id ${learner.id}, https://10.203.0.13:2380): voters stay 2, tolerates 0`,
    );
  });

  it('behind an external load balancer changes nothing there', () => {
    const context = { ...operationContext(), loadBalancer: { kind: 'external' as const } };
    expect(lines(world(context)).slice(-2)).toEqual([
      'join cp3 as a control-plane node of prod: voters 2 → 3, tolerates 0 → 1',
      'verify the endpoint 10.203.0.10:6443 when cp3 is ready',
    ]);
  });

  it('of a worker', () => {
    expect(lines(world(joinWorker(), dirty, { nodes: [nodeFacts('w2')] }))).toEqual([
      'delete the stale Node w2 (still Ready, created 2026-01-05T08:00:00Z)',
      'reset w2: /etc/kubernetes (1 file), /var/lib/kubelet',
      'prepare w2: kubelet enabled, kernel modules, sysctls, images of v1.37.1',
      'join w2 as a worker of prod',
    ]);
  });

  it('of an init', () => {
    expect(lines(world(init()))).toEqual([
      'prepare cp1: kubelet enabled, kernel modules, sysctls, images of v1.37.1',
      'register cp1 on lb1 as the first API server',
      'initialise prod v1.37.1 on cp1: voters 0 → 1, tolerates 0 → 0',
      'verify the endpoint 10.203.0.10:6443',
    ]);
  });

  it('of a host that is a member already changes nothing', () => {
    const one = world(
      operationContext(),
      { pkiCaHash: caHash, etcdDataPresent: true },
      { etcd: etcd([...healthy, etcdMember('cp3')]) },
    );
    expect(lines(one)).toEqual(['verify cp3, which is a member of prod already; nothing is reset or joined']);
  });
});
