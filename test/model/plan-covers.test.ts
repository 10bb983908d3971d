import { describe, expect, test } from 'vitest';
import type { ClusterFacts } from '../../model/facts/cluster-facts.js';
import type { HostFacts } from '../../model/facts/host-facts.js';
import type { OperationContext } from '../../model/operation.js';
import { planCovers, planSubject } from '../../model/plan-subject.js';
import {
  clusterFacts,
  etcdMember,
  hostFacts,
  leftovers,
  nodeFacts,
  operationContext,
  otherCaHash,
} from '../support/facts.js';

const context = operationContext();
const { status: _none, ...unstarted } = etcdMember('cp3', { name: '' });
const etcd = (member = unstarted) => ({
  askedAt: 'cp1',
  alarms: [],
  members: [etcdMember('cp1'), etcdMember('cp2'), member],
});
const nodes = (overrides: Partial<ReturnType<typeof nodeFacts>> = {}) => [
  nodeFacts('cp1'),
  nodeFacts('cp3', { ready: false, ...overrides }),
];
/** All that a plan destroys: commands, a member, a Node, and what is on the host. */
const dirty = (overrides: Partial<HostFacts> = {}): HostFacts =>
  hostFacts(leftovers('prod', { etcdDataPresent: true, runningUnits: ['quorate-join-1.service'], ...overrides }));
const world = (overrides: Partial<ClusterFacts> = {}): ClusterFacts =>
  clusterFacts({ nodes: nodes(), etcd: etcd(), ...overrides });
const subject = (host = dirty(), cluster = world(), of: OperationContext = context): string =>
  planSubject(of, host, cluster);

const { runningUnits: _units, ...nothingRuns } = dirty();

describe('R8: a plan that was approved covers', () => {
  test.each<[string, string]>([
    ['the same', subject()],
    [
      'it with other numbers, processes and a Node that is Ready for a moment',
      subject(
        dirty({ packetFilterRules: 99, runningUnits: ['quorate-reset-2.service'], cniLinks: ['cni0', 'flannel.1'] }),
        world({ nodes: nodes({ ready: true }) }),
      ),
    ],
    ['it once the commands are stopped', subject(nothingRuns)],
    ['it once member and Node are gone', subject(dirty(), clusterFacts())],
    ['it once the host is half reset', subject(hostFacts({ kubeletStatePresent: true }), clusterFacts())],
    ['it once the host is clean', subject(hostFacts(), clusterFacts())],
  ])('%s', (_, now) => {
    expect(planCovers(subject(), now)).toBe(true);
  });

  test('what its own attempt has left: on the host, its member and its Node, whatever their ids', () => {
    const approved = subject(hostFacts(), clusterFacts());
    const marker = { operation: context.operation, cluster: 'prod', state: 'begun' as const, ofThisRun: true };
    const own = subject(dirty({ marker, runningUnits: [] }), world({ nodes: nodes({ uid: 'made-by-it' }) }));
    expect(planCovers(approved, own)).toBe(true);
    // The marker of another run says nothing.
    const others = dirty({ marker: { ...marker, ofThisRun: false }, runningUnits: [] });
    expect(planCovers(approved, subject(others, clusterFacts()))).toBe(false);
    // A Node of another machine, or a member elsewhere, is none of its own.
    const elsewhere = dirty({ marker, runningUnits: [] });
    expect(planCovers(approved, subject(elsewhere, world({ nodes: nodes({ machineId: 'ee'.repeat(16) }) })))).toBe(
      false,
    );
    const { status: __none, ...away } = etcdMember('cp3', { peerUrls: ['https://10.203.0.99:2380'] });
    expect(planCovers(approved, subject(elsewhere, clusterFacts({ etcd: etcd(away) })))).toBe(false);
  });

  test('an init whose own attempt has made a CA meanwhile', () => {
    const init = operationContext({ kind: 'init' });
    const marker = { operation: init.operation, cluster: 'prod', state: 'begun' as const, ofThisRun: true };
    const { caHash: _ca, ...before } = clusterFacts({ nodes: [] });
    expect(
      planCovers(
        planSubject(init, hostFacts(), before),
        planSubject(init, dirty({ marker, runningUnits: [] }), clusterFacts({ nodes: [] })),
      ),
    ).toBe(true);
  });
});

describe('R8: it does not cover', () => {
  const clean = subject(hostFacts(), clusterFacts());
  test.each<[string, string, string]>([
    ['leftovers where there were none', clean, subject(dirty({ runningUnits: [] }), clusterFacts())],
    [
      'commands where none ran',
      clean,
      subject(hostFacts({ runningUnits: ['quorate-join-1.service'] }), clusterFacts()),
    ],
    ['a Node where there was none', clean, subject(hostFacts(), clusterFacts({ nodes: nodes() }))],
    ['another Node', subject(), subject(dirty(), world({ nodes: nodes({ uid: 'another' }) }))],
    ['a member where there was none', clean, subject(hostFacts(), clusterFacts({ etcd: etcd() }))],
    ['another member', subject(), subject(dirty(), world({ etcd: etcd({ ...unstarted, id: 'ffffffffffffffff' }) }))],
    ['data of etcd where there was none', subject(dirty({ etcdDataPresent: false })), subject()],
    ['another CA', subject(), subject(dirty({ pkiCaHash: otherCaHash }))],
    ['another machine', subject(), subject(dirty({ machineId: 'ee'.repeat(16) }))],
    ['another cluster', subject(), subject(dirty(), world({ caHash: otherCaHash }))],
    ['another version', subject(), subject(dirty(), world(), { ...context, kubernetesVersion: 'v1.38.0' })],
    ['another load balancer', subject(), subject(dirty(), world(), { ...context, loadBalancer: { kind: 'external' } })],
    ['another operation', subject(), subject(dirty(), world(), operationContext({ kind: 'join-worker', host: 'cp3' }))],
    ['what is no subject of a plan', subject(), '{"reset":"c3"}'],
    ['anything, when it is none itself', 'join cp3', subject()],
  ])('%s', (_, approved, now) => {
    expect(planCovers(approved, now)).toBe(false);
  });
});
