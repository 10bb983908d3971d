import { QuorateError } from '../../model/failures/failure.js';
import type { Dependencies } from '../../activities/dependencies.js';
import { prodCa } from '../adapters/host/certificates.js';
import { etcdMember, hostFacts, nodeFacts } from './facts.js';
import { fakeHost, sectioned } from './fake-host.js';
import type { FakeHost, FakeRule } from './fake-host.js';
import { controlPlaneRules } from './simulated-control-plane.js';
import type { ControlPlaneState } from './simulated-control-plane.js';
import { targetRules } from './simulated-target.js';
import type { TargetState } from './simulated-target.js';

export interface SimulatedCluster extends ControlPlaneState {
  readonly target: TargetState;
  readonly dependencies: Dependencies;
  /** Hosts to which no connection can be opened. */
  readonly down: Set<string>;
  /** The host of that name with every script that ran on it. */
  host(name: string): FakeHost;
}

/**
 * A cluster of cp1 (its etcd leads), cp2 and cp3 as voters with their Nodes, and the worker w1, answering the scripts of
 * the activities from a few lines of state. Each host may be the target of an operation; they share its state.
 * @param rules asked first
 */
export const simulatedCluster = (rules: readonly FakeRule[] = []): SimulatedCluster => {
  const events: string[] = [];
  const hosts = new Map<string, FakeHost>();
  const down = new Set<string>();
  const target: TargetState = {
    units: new Map(),
    command: () => ({ exitStatus: 0, log: '' }),
    dirt: [],
    stays: () => false,
    machineId: hostFacts().machineId,
    nodeIdentity: [],
    marker: undefined,
    files: new Map(),
  };
  const instead: FakeRule = [
    ({ script, options }) => {
      const answer = cluster.instead?.(asked, { script, options });
      if (answer !== undefined) found = answer;
      return answer !== undefined;
    },
    () => found,
  ];
  let asked = '';
  let found: Exclude<ReturnType<NonNullable<ControlPlaneState['instead']>>, undefined> = '';
  const host = (name: string): FakeHost => {
    const known = hosts.get(name);
    if (known !== undefined) return known;
    const inner = fakeHost(name, [
      instead,
      ...rules,
      [/^true$/, ''],
      [/dialling/, 'dialled 0\nend\n'],
      // No kubelet has a certificate, unless a test says so.
      [/kubelet-client-current\.pem/, ({ script }) => sectioned(script, { ca: '', kubelet: '' })],
      ...controlPlaneRules(name, cluster, prodCa.pem),
      ...targetRules(name, target, events),
    ]);
    const made: FakeHost = {
      ...inner,
      run: (script, options) => {
        if (down.has(name))
          return Promise.reject(new QuorateError('Unreachable', `no connection to ${name}`, { remedy: 'see it' }));
        asked = name;
        return inner.run(script, options);
      },
    };
    hosts.set(name, made);
    return made;
  };
  const cluster: SimulatedCluster = {
    events,
    members: ['cp1', 'cp2', 'cp3'].map((name) => etcdMember(name)),
    undying: new Set(),
    nodes: new Map(['cp1', 'cp2', 'cp3', 'w1'].map((name) => [name, nodeFacts(name)])),
    otherCas: new Map(),
    apiServers: new Map([
      ['cp1', 'ready'],
      ['cp2', 'ready'],
      ['cp3', 'ready'],
    ]),
    endpoint: '200 0.0042',
    leaseAgeMs: 1_000,
    managedAs: 'prod',
    tokens: new Map(),
    tokenLabels: new Map(),
    sharedCertificates: undefined,
    ofOwnCa: new Set(),
    instead: undefined,
    target,
    down,
    host,
    dependencies: { hosts: { host, close: () => Promise.resolve() }, webhooks: new Map() },
  };
  return cluster;
};
