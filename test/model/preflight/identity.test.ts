import { describe, expect, it } from 'vitest';
import type { NodeFacts } from '../../../model/facts/cluster-facts.js';
import type { OperationContext } from '../../../model/operation.js';
import { nodeFacts, operationContext } from '../../support/facts.js';
import { texts, verdicts, world } from './world.js';

const machineId = 'c3'.repeat(16);
const within = (node: NodeFacts, context: OperationContext = operationContext()) =>
  world(context, { machineId }, { nodes: [nodeFacts('cp1'), nodeFacts('cp2'), node] });
const policy = (removeStaleMembers: 'never' | 'approve' | 'when-safe') =>
  operationContext({ policy: { removeStaleMembers } });
const conflict = ['fatal IdentityConflict'];

describe('the Node of the same name', () => {
  it.each([true, false])('of this machine is its own, Ready %s', (ready) => {
    expect(verdicts(within(nodeFacts('cp3', { machineId, ready })))).toEqual([]);
  });

  it('of another machine that is Ready is a conflict', () => {
    const one = within(nodeFacts('cp3', { machineId: 'aa' }));
    expect(verdicts(one)).toEqual(conflict);
    expect(texts(one)[0]).toContain(
      `Node cp3 exists and is Ready with machine-id aa; cp3 has ${machineId} | choose another name`,
    );
  });

  it('that is Ready elsewhere with this machine-id is a clone', () => {
    const one = within(nodeFacts('cp3', { machineId, internalIp: '10.203.0.99' }));
    expect(verdicts(one)).toEqual(conflict);
    expect(texts(one)[0]).toContain('one is a clone of the other');
  });

  it('of another machine at another address is a conflict even when it is silent', () => {
    expect(verdicts(within(nodeFacts('cp3', { machineId: 'aa', ready: false, internalIp: '10.203.0.99' })))).toEqual(
      conflict,
    );
    const { internalIp: _, ...unknown } = nodeFacts('cp3', { machineId: 'aa', ready: false });
    expect(verdicts(within(unknown))).toEqual(conflict);
  });

  it.each([
    ['when-safe', ['warning IdentityConflict']],
    ['approve', ['approval IdentityConflict']],
    ['never', conflict],
  ] as const)('of a machine that was installed anew follows the policy %s', (removal, expected) => {
    const one = within(nodeFacts('cp3', { machineId: 'aa', ready: false }), policy(removal));
    expect(verdicts(one)).toEqual(expected);
    expect(texts(one)[0]).toContain('it was installed anew');
  });
});

describe('Nodes of other names', () => {
  it('do not use the address of the host', () => {
    const one = within(nodeFacts('old3', { internalIp: '10.203.0.13', ready: false }));
    expect(verdicts(one)).toEqual(conflict);
    expect(texts(one)[0]).toContain('the address 10.203.0.13 of cp3 is used by Node old3');
  });

  it('are not this machine under another name', () => {
    const one = world(
      operationContext(),
      { machineId, addresses: ['10.203.0.13', '10.203.0.77'] },
      { nodes: [nodeFacts('old3', { machineId, internalIp: '10.203.0.77' })] },
    );
    expect(verdicts(one)).toEqual(conflict);
    expect(texts(one)[0]).toContain('cp3 is in the cluster already as Node old3');
  });

  it('with the same machine-id elsewhere were cloned', () => {
    expect(verdicts(within(nodeFacts('old3', { machineId, internalIp: '10.203.0.77' })))).toEqual([
      'warning IdentityConflict',
    ]);
  });

  it('without a machine-id are nobody’s clone', () => {
    expect(
      verdicts(
        world(
          operationContext(),
          { machineId: '' },
          { nodes: [nodeFacts('old3', { machineId: '', internalIp: '10.203.0.77' })] },
        ),
      ),
    ).toEqual([]);
  });
});
