import { expect, test } from 'vitest';
import { isRetryOfClosedConnection } from '../support/unhandled.js';

const stack =
  'Error: Channel has been shut down\n    at Timeout.retry [as _onTimeout] (/r/node_modules/@temporalio/client/lib/grpc-retry.js:142:34)';

test('a call that is tried again on a closed connection says nothing of the tests', () => {
  expect(isRetryOfClosedConnection({ message: 'Channel has been shut down', stack })).toBe(true);
});

test('any other error does', () => {
  expect(isRetryOfClosedConnection({ message: 'Channel has been shut down', stack: 'at createCall' })).toBe(false);
  expect(isRetryOfClosedConnection({ message: 'it broke', stack })).toBe(false);
  expect(isRetryOfClosedConnection({ message: 'Channel has been shut down' })).toBe(false);
});
