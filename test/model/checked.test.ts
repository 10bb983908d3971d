import { describe, expect, it } from 'vitest';
import { Checked, checkedOf } from '../../model/checked.js';
import {
  caHash,
  clusterFacts,
  etcdMember,
  hostFacts,
  nodeFacts,
  operationContext,
  otherCaHash,
} from '../support/facts.js';

const context = operationContext();
const identity = [`/etc/machine-id ${'c3'.repeat(16)}`, '/etc/kubernetes/pki/ca.crt 7:1767600000:1107'];

describe('R3: what destructive acts rest on is what the check saw', () => {
  it('of a clean host that the cluster does not know', () => {
    expect(checkedOf(context, hostFacts(), clusterFacts(), false)).toEqual({
      identity: [`/etc/machine-id ${'c3'.repeat(16)}`],
      machineId: 'c3'.repeat(16),
      etcdDataPresent: false,
      members: [],
      units: [],
      ownAttempt: false,
    });
  });

  it('of one that was a member', () => {
    const node = nodeFacts('cp3', { ready: false });
    const { name: _, ...learner } = etcdMember('cp4', { id: 'feed', peerUrls: ['https://10.203.0.13:2380'] });
    const cluster = clusterFacts({
      nodes: [nodeFacts('cp1'), node],
      etcd: { askedAt: 'cp1', alarms: [], members: [etcdMember('cp1'), etcdMember('cp3'), learner] },
    });
    const runningUnits = ['quorate-join-0f3c5a7b9d1e.service'];
    const host = hostFacts({ identity, pkiCaHash: caHash, etcdDataPresent: true, runningUnits });
    const checked = checkedOf(context, host, cluster, true);
    expect(checked).toEqual({
      identity,
      machineId: 'c3'.repeat(16),
      etcdDataPresent: true,
      sameCluster: true,
      members: [etcdMember('cp3').id, 'feed'],
      node: { uid: node.uid, ready: false, living: false },
      units: runningUnits,
      ownAttempt: true,
    });
    expect(Checked.parse(JSON.parse(JSON.stringify(checked)))).toEqual(checked);
  });

  it.each([
    ['this cluster’s', caHash, true],
    ['another’s', otherCaHash, false],
  ])('whose CA is %s', (_, pkiCaHash, sameCluster) => {
    expect(checkedOf(context, hostFacts({ pkiCaHash }), clusterFacts(), false)).toMatchObject({ sameCluster });
  });

  it('whose Node is Ready with a running kubelet lives', () => {
    const cluster = clusterFacts({ nodes: [nodeFacts('cp3')] });
    const kubelet = { enabled: 'enabled', active: 'active' };
    expect(checkedOf(context, hostFacts({ kubelet }), cluster, false).node).toMatchObject({ living: true });
    expect(checkedOf(context, hostFacts(), cluster, false).node).toMatchObject({ ready: true, living: false });
  });

  it('where etcd could not be asked no member is known', () => {
    const { etcd: _, ...cluster } = clusterFacts();
    expect(checkedOf(context, hostFacts(), cluster, false).members).toEqual([]);
  });
});
