import { expect, test } from 'vitest';
import { apiServerOf, peersOf } from '../../model/control-plane.js';
import { operationContext } from '../support/facts.js';

test('the peers are the control plane without the target, in the order of the specification', () => {
  expect(peersOf(operationContext()).map(({ name }) => name)).toEqual(['cp1', 'cp2']);
  expect(peersOf(operationContext({ kind: 'join-worker' })).map(({ name }) => name)).toEqual(['cp1', 'cp2', 'cp3']);
});

test('an API server is at port 6443, its IPv6 address in brackets', () => {
  expect(apiServerOf('10.203.0.11')).toBe('10.203.0.11:6443');
  expect(apiServerOf('fd00::11')).toBe('[fd00::11]:6443');
});
