import { describe, expect, test } from 'vitest';
import { runEtcdctl } from '../../../adapters/etcd/failures.js';
import { fakeHost } from '../../support/fake-host.js';

const failing = (stderr: string, code = 1) => fakeHost('cp1', [[/./, { code, stderr }]]);

// As etcd 3.4.23 and 3.7.0 print them.
describe.each([
  ['etcdserver: unhealthy cluster', 'EtcdUnhealthy'],
  ['etcdserver: too many learner members in cluster', 'EtcdUnhealthy'],
  ['etcdserver: re-configuration failed due to not enough started members', 'QuorumAtRisk'],
  ['etcdserver: no leader', 'EtcdUnavailable'],
  ['etcdserver: leader changed', 'EtcdUnavailable'],
  ['etcdserver: request timed out', 'EtcdUnavailable'],
  ['context deadline exceeded', 'EtcdUnavailable'],
  ['dial tcp 127.0.0.1:2379: connect: connection refused', 'EtcdUnavailable'],
  ['read tcp 10.0.0.11:4242->10.0.0.12:2379: i/o timeout', 'EtcdUnavailable'],
  ['etcdserver: bad leader transferee', 'CommandFailed'],
  ['etcdserver: rpc not supported for learner', 'CommandFailed'],
])('%s', (message, type) => {
  test.each([
    ['a line', `Error: ${message}`],
    [
      'the client’s line of JSON',
      `{"level":"warn","ts":"2026-01-05T08:00:00Z","caller":"v3/retry.go:65","msg":"retrying of unary invoker failed","error":"rpc error: code = Unavailable desc = ${message}"}`,
    ],
  ])(`as %s is ${type}`, async (_, stderr) => {
    await expect(runEtcdctl(failing(stderr), 'removing etcd member ff', 'x')).rejects.toMatchObject({
      type,
      message: expect.stringMatching(/^removing etcd member ff (at|on) cp1/) as string,
      details: { host: 'cp1' },
    });
  });
});

test('words on standard error of a command that succeeded mean nothing', async () => {
  expect(await runEtcdctl(failing('etcdserver: no leader', 0), 'reading', 'x')).toBe('');
});

test('a lost connection is Unreachable, whatever etcd said before', async () => {
  const host = fakeHost('cp1', [
    [/./, { end: { kind: 'lost', cause: 'ECONNRESET' }, stderr: 'etcdserver: unhealthy cluster' }],
  ]);
  await expect(runEtcdctl(host, 'removing', 'x')).rejects.toMatchObject({ type: 'Unreachable' });
});
