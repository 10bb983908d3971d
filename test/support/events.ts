import type { OperationEvent } from '../../model/notifications/operation-event.js';

/** An operation that blocked. */
export const event = (overrides: Partial<OperationEvent> = {}): OperationEvent => ({
  id: 'prod/join-worker/w2/k1/1/2026-01-05T13:52:10.123Z',
  type: 'operation.blocked',
  at: '2026-01-05T13:52:10.123Z',
  operation: 'prod/join-worker/w2/k1',
  cluster: 'prod',
  kind: 'join-worker',
  host: 'w2',
  by: 'ann@desk',
  blocked: {
    type: 'DirtyHost',
    step: 'check',
    message: 'w2 still carries a node of another cluster',
    remedy: 'approve the reset of w2',
    evidence: ['kubelet.conf points to https://10.9.0.5:6443'],
    choices: ['approve', 'retry', 'abort'],
    consequences: {
      approve: 'resets w2 and joins it',
      retry: 'reads the world again',
      abort: 'ends the operation; nothing was changed',
    },
  },
  ...overrides,
});
