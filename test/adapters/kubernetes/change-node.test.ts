import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  deleteNode,
  deleteNodeIf,
  readNode,
  setNodeLabelsAndTaints,
  waitForNodeReady,
} from '../../../adapters/kubernetes/change-node.js';
import { address, fakeApiServer, node } from './api-server.js';
import type { FakeApiServer } from './api-server.js';

let api: FakeApiServer;
beforeEach(async () => {
  api = await fakeApiServer();
});
afterEach(() => api.close());

const path = '/api/v1/nodes/w1';
const ready = { status: 'True', reason: 'KubeletReady' };
const noNetwork = {
  status: 'False',
  reason: 'KubeletNotReady',
  message:
    'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
};
const wait = (options: { timeoutMs?: number; signal?: AbortSignal; acceptMissingNetwork?: boolean } = {}) =>
  waitForNodeReady(api.host, address, 'w1', {
    timeoutMs: 10_000,
    machine: { machineId: 'abc', address: '10.0.0.21' },
    ...options,
  });

test('a Node, or none', async () => {
  expect(await readNode(api.host, address, 'w1')).toBeUndefined();
  api.objects.set(path, node('w1', ready));
  expect(await readNode(api.host, address, 'w1')).toMatchObject({ name: 'w1', uid: 'uid-w1', ready: true });
});

describe('waiting', () => {
  test('over no Node, an API server that restarts, and one that is not Ready, until it is', async () => {
    const states = [undefined, undefined, node('w1', undefined), node('w1', { status: 'False' }), node('w1', ready)];
    let asked = 0;
    api.objects.set(path, () => {
      asked++;
      if (asked === 2) api.answerAll({ status: 503, body: '{}' });
      if (asked === 2) setTimeout(() => api.answerAll(undefined), 400);
      return states[Math.min(asked, states.length) - 1];
    });
    expect(await wait()).toMatchObject({ ready: true });
    expect(asked).toBe(states.length);
  });

  test('ends with the words of the condition', async () => {
    api.objects.set(
      path,
      node('w1', { status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting' }),
    );
    await expect(wait({ timeoutMs: 600 })).rejects.toMatchObject({
      type: 'NodeNotReady',
      message: 'Node w1 is not Ready after 1 s: NodeStatusUnknown: Kubelet stopped posting',
    });
  });

  test('ends when there is no such Node', async () => {
    await expect(wait({ timeoutMs: 300 })).rejects.toMatchObject({
      type: 'NodeNotReady',
      message: 'there is no Node w1 after 0 s',
    });
  });

  test('ends as ApiUnavailable when the API server is away at the end', async () => {
    api.answerAll({ status: 503, body: '{}' });
    await expect(wait({ timeoutMs: 300 })).rejects.toMatchObject({ type: 'ApiUnavailable' });
  });

  test('a Node that lacks nothing but its network is accepted after a while, where asked for', async () => {
    api.objects.set(path, node('w1', noNetwork));
    expect(await wait({ acceptMissingNetwork: true })).toMatchObject({ ready: false });
    await expect(wait({ timeoutMs: 500 })).rejects.toMatchObject({
      type: 'NodeNotReady',
      details: { remedy: expect.stringContaining('CNI plugin') as string },
    });
  });

  test.each([86_400_000, -86_400_000])(
    'R25: a clock of the worker that is set by %i ms neither ends it nor makes it longer',
    async (ms) => {
      const now = Date.now.bind(Date);
      let reads = 0;
      const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + (reads++ === 0 ? 0 : ms));
      try {
        let asked = 0;
        api.objects.set(path, () => (asked++ < 4 ? undefined : node('w1', ready)));
        expect(await wait()).toMatchObject({ ready: true });
        api.objects.set(path, () => undefined);
        reads = 0;
        const before = performance.now();
        const late = AbortSignal.timeout(8_000);
        await expect(wait({ timeoutMs: 600, signal: late })).rejects.toMatchObject({ type: 'NodeNotReady' });
        expect(performance.now() - before).toBeGreaterThan(500);
      } finally {
        clock.mockRestore();
      }
    },
  );

  test('throws the reason of its signal', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('cancelled')), 300);
    await expect(wait({ signal: controller.signal })).rejects.toThrow('cancelled');
  });
});

describe('deleting', () => {
  const kubectl = (says: string): void =>
    api.host.program('kubectl', `echo "$*" > "$FOLDER/argv"; cat > "$FOLDER/body"; ${says}`);
  const read = (file: string): string => readFileSync(join(api.host.folder, file), 'utf8');

  const seen = { name: 'w1', uid: 'uid-w1', resourceVersion: '812' };

  test('names the uid and the version as preconditions', async () => {
    kubectl('exit 0');
    expect(await deleteNode(api.host, address, seen)).toBe('deleted');
    expect(read('argv')).toContain('delete --raw /api/v1/nodes/w1 -f -');
    expect(JSON.parse(read('body'))).toEqual({
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      preconditions: { uid: 'uid-w1', resourceVersion: '812' },
    });
  });

  test.each([
    ['Error from server (NotFound): nodes "w1" not found', 'gone'],
    [
      'Error from server (Conflict): Operation cannot be fulfilled on Node "w1": the UID in the precondition (0) does not match the UID in record (1).',
      'changed',
    ],
    [
      'Error from server (Conflict): Operation cannot be fulfilled on Node "w1": the ResourceVersion in the precondition (811) does not match the ResourceVersion in record (812). The object might have been modified',
      'changed',
    ],
  ])('%s: nothing to delete, it is %s', async (message, outcome) => {
    kubectl(`echo '${message}' >&2; exit 1`);
    expect(await deleteNode(api.host, address, seen)).toBe(outcome);
  });

  test.each([
    ['The connection to the server was refused - connection refused', 'ApiUnavailable'],
    ['Error from server (Forbidden): nodes "w1" is forbidden', 'CommandFailed'],
    ['sh: 1: kubectl: not found', 'CommandFailed'],
  ])('%s is %s', async (message, type) => {
    kubectl(`echo '${message}' >&2; exit 1`);
    await expect(deleteNode(api.host, address, seen)).rejects.toMatchObject({ type });
  });
});

describe('deleting a Node as long as what is read of it allows it', () => {
  const states: unknown[] = [];
  const version = (resourceVersion: string, status: 'True' | 'False') => {
    const made = node('w1', { ...ready, status }) as { metadata: Record<string, unknown> };
    return { ...made, metadata: { ...made.metadata, resourceVersion } };
  };
  /** Each reading shows the next state; the last one stays. */
  const shows = (...next: unknown[]): void => {
    states.splice(0, states.length, ...next);
    api.objects.set(path, () => (states.length > 1 ? states.shift() : states[0]));
  };
  /** kubectl refuses all versions but one, as the API server does. */
  const accepts = (resourceVersion: string): void =>
    api.host.program(
      'kubectl',
      `body=$(cat); echo "$body" >> "$FOLDER/bodies"; case $body in *'"resourceVersion":"${resourceVersion}"'*) ;; *) echo 'Error from server (Conflict): changed' >&2; exit 1 ;; esac`,
    );
  const notReady = (one: { ready: boolean }): boolean => !one.ready;
  const tries = (): number => readFileSync(join(api.host.folder, 'bodies'), 'utf8').trim().split('\n').length;

  test('R4: it is read again when it was written meanwhile, and goes in the version that was read', async () => {
    shows(version('1', 'False'), version('2', 'False'));
    accepts('2');
    expect(await deleteNodeIf(api.host, address, 'w1', notReady)).toMatchObject({ name: 'w1', ready: false });
    expect(tries()).toBe(2);
  });

  test('R4: it stays when what it was written to does not allow it', async () => {
    shows(version('1', 'False'), version('2', 'True'));
    accepts('2');
    expect(await deleteNodeIf(api.host, address, 'w1', notReady)).toBeUndefined();
    expect(tries()).toBe(1);
  });

  test('there may be none, or it may be gone by then', async () => {
    expect(await deleteNodeIf(api.host, address, 'w1', () => true)).toBeUndefined();
    shows(version('1', 'False'));
    api.host.program('kubectl', `echo 'Error from server (NotFound): nodes "w1" not found' >&2; exit 1`);
    expect(await deleteNodeIf(api.host, address, 'w1', () => true)).toBeUndefined();
  });

  test('one that changes each time is an error that is tried again', async () => {
    shows(version('1', 'False'));
    accepts('never');
    await expect(deleteNodeIf(api.host, address, 'w1', () => true)).rejects.toMatchObject({
      type: 'ApiUnavailable',
      message: 'Node w1 changed each time before it could be deleted',
    });
    expect(tries()).toBe(5);
  });
});

test('labels and taints are set together, and nothing runs when there is nothing to set', async () => {
  api.host.program('kubectl', 'echo "$*" >> "$FOLDER/log"');
  await setNodeLabelsAndTaints(api.host, address, 'w1', { labels: {}, taints: [] });
  await setNodeLabelsAndTaints(api.host, address, 'w1', {
    labels: { 'node-role.kubernetes.io/worker': '' },
    taints: [
      { key: 'a', value: 'b', effect: 'NoSchedule' },
      { key: 'c', effect: 'NoExecute' },
    ],
  });
  const lines = readFileSync(join(api.host.folder, 'log'), 'utf8').trim().split('\n');
  expect(lines.map((line) => line.replace(/.*--request-timeout=\S+ /, ''))).toEqual([
    'label node w1 --overwrite node-role.kubernetes.io/worker=',
    'taint node w1 --overwrite a=b:NoSchedule c=:NoExecute',
  ]);
});
