import { expect, test } from 'vitest';
import { nothingBlocked, retryTable } from '../../../cli/format/retry.js';

const one = (host: string) => ({ operation: `prod/join-worker/${host}/1f00aa11`, blockedReason: 'Unreachable' });

test('who accepted and who refused, and why', () => {
  const refused = [{ ...one('w2'), because: 'it went on meanwhile' }];
  expect(retryTable({ dryRun: false, accepted: [one('w1')], refused })).toMatchInlineSnapshot(`
    "OPERATION                     BLOCKED BY   RETRY
    prod/join-worker/w1/1f00aa11  Unreachable  accepted
    prod/join-worker/w2/1f00aa11  Unreachable  refused: it went on meanwhile
    1 accepted, 1 refused. See how they go on with: quorate operations list --no-ended
    "
  `);
  expect(retryTable({ dryRun: true, accepted: [one('w1')], refused: [] })).toMatchInlineSnapshot(`
    "OPERATION                     BLOCKED BY   RETRY
    prod/join-worker/w1/1f00aa11  Unreachable  would be retried
    1 would be retried; nothing was sent.
    "
  `);
});

test('nothing is blocked, in the words of the filter', () => {
  expect(nothingBlocked({})).toBe('Nothing is blocked.\n');
  expect(nothingBlocked({ blockedBy: 'Unreachable', cluster: 'prod', host: 'w1' })).toBe(
    'Nothing is blocked by Unreachable (prod, w1).\n',
  );
});
