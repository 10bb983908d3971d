import { expect, test } from 'vitest';
import type { OperationView } from '../../api/client/operation-view.js';
import { follow } from '../../cli/follow.js';
import type { StepProgress } from '../../model/progress.js';

const view = (steps: StepProgress[], more: Partial<OperationView> = {}): OperationView => ({
  summary: {
    operation: 'prod/join-worker/w2/1f00aa11',
    cluster: 'prod',
    kind: 'join-worker',
    host: 'w2',
    state: 'running',
    since: '2026-11-23T13:52:00.000Z',
    workflowId: 'op/prod/join-worker/w2',
    runId: 'r1',
  },
  progress: {
    revision: 1,
    operation: 'prod/join-worker/w2/1f00aa11',
    kind: 'join-worker',
    cluster: 'prod',
    host: 'w2',
    by: 'ann@desk',
    steps,
    plan: [],
    decisions: [],
  },
  ...more,
});
const read = (state: StepProgress['state']): StepProgress => ({ id: 'read', title: 'read the host', state });
const join = (state: StepProgress['state']): StepProgress => ({ id: 'join', title: 'kubeadm join', state });
const attempt = (count: number, lastFailure: string) => ({
  activity: { type: 'readHost', attempt: count, lastFailure },
});

test('plain lines: each step, each reason for waiting and each printed line once', async () => {
  const views = [
    view([read('running'), join('pending')]),
    view([read('running'), join('pending')], attempt(2, 'connection refused')),
    view([read('running'), join('pending')], attempt(3, 'connection refused')),
    view([read('running'), join('pending')], attempt(4, 'no route to host')),
    view([read('running'), join('pending')], { outage: 'no worker answers' }),
    view([read('done'), join('running')]),
    view([read('done'), join('running')], { activity: { type: 'runKubeadm', attempt: 1, lastLine: '[preflight] ok' } }),
    view([read('done'), join('running')], { activity: { type: 'runKubeadm', attempt: 1, lastLine: '[preflight] ok' } }),
    view([read('pending'), join('pending')]),
  ];
  let out = '';
  const io = { env: {}, out: (text: string) => (out += text), err: () => {}, signal: new AbortController().signal };
  const code = await follow(
    (async function* () {
      yield* views;
    })(),
    io,
    { operation: 'prod/join-worker/w2/1f00aa11', output: 'text' },
  );
  expect(out.replaceAll(/^\d\d:\d\d:\d\d /gm, '')).toMatchInlineSnapshot(`
    "join w2 as a worker of prod (prod/join-worker/w2/1f00aa11)
    read the host: running
    attempt 2 of readHost; before: connection refused
    attempt 4 of readHost; before: no route to host
    no worker answers; the operation is not affected, watching goes on
    read the host: done
    kubeadm join: running
      w2 printed: [preflight] ok
    read the host: pending
    kubeadm join: pending
    "
  `);
  expect(code).toBe(130);
});
