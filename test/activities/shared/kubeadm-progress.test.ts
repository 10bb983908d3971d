import type { Client } from '@temporalio/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createProgressReporter } from '../../../activities/shared/kubeadm-progress.js';
import type { ProgressReporter } from '../../../activities/shared/kubeadm-progress.js';
import { activityEnvironment } from '../../support/activity-environment.js';

// Times are the product's: a signal every 2 s at most, a diagnosis after 20 s and then every 30 s.
let sent: unknown[];
let answer: () => Promise<void>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  sent = [];
  answer = () => Promise.resolve();
});
afterEach(() => vi.useRealTimers());

const client = {
  withAbortSignal: (_: AbortSignal, run: () => unknown) => run(),
  workflow: {
    getHandle: (workflowId: string, runId: string) => ({
      signal: (name: string, printed: unknown) => {
        sent.push([workflowId, runId, name, printed]);
        return answer();
      },
    }),
  },
} as unknown as Client;

const lines = (): unknown[] => sent.map((one) => ((one as unknown[])[3] as { line: string }).line);

/** Runs the steps in the context of an activity that belongs to the run `r1` of the workflow `change/prod`. */
const reporting = async (
  steps: (reporter: ProgressReporter) => Promise<void>,
  diagnose: (since: Date) => Promise<readonly string[]> = () => Promise.resolve([]),
): Promise<void> => {
  const environment = activityEnvironment(
    { workflowExecution: { workflowId: 'change/prod', runId: 'r1' } },
    { client },
  );
  await environment.run(async () => {
    const reporter = createProgressReporter('join', diagnose);
    try {
      await steps(reporter);
    } finally {
      reporter.stop();
    }
  });
};
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const preflight = '[preflight] Running pre-flight checks';
const etcd = '[check-etcd] Checking that the etcd cluster is healthy';
const kubelet = '[kubelet-start] Starting the kubelet';
const bootstrap = '[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap';
const joined = 'This node has joined the cluster and a new control plane instance was created:';

test('the operation is told of each phase', async () => {
  await reporting(async (reporter) => {
    reporter.lines(['some noise', preflight, 'more']);
    await pass(0);
    expect(sent).toEqual([['change/prod', 'r1', 'hostPrinted', { step: 'join', line: 'kubeadm checks the host' }]]);
    expect(reporter.phase()).toBe('checks the host');
    await pass(2_000);
    reporter.lines([etcd]);
    await pass(0);
    expect(lines()).toEqual(['kubeadm checks the host', 'kubeadm checks that etcd is healthy']);
  });
});

test('phases that follow each other quickly cost one signal in two seconds: the last', async () => {
  await reporting(async (reporter) => {
    reporter.lines([preflight]);
    await pass(0);
    reporter.lines([etcd]);
    await pass(500);
    reporter.lines([kubelet]);
    await pass(1_400);
    expect(lines()).toEqual(['kubeadm checks the host']);
    await pass(100);
    expect(lines()).toEqual(['kubeadm checks the host', 'kubeadm starts the kubelet']);
  });
});

test('output that changes no phase sends nothing more, and the end is for the operation itself to tell', async () => {
  await reporting(async (reporter) => {
    reporter.lines(['noise']);
    await pass(5_000);
    expect(lines()).toEqual(['kubeadm begins']);
    reporter.lines(['more noise']);
    reporter.lines([]);
    await pass(5_000);
    reporter.lines([joined]);
    await pass(5_000);
    expect(lines()).toEqual(['kubeadm begins']);
    expect(reporter.phase()).toBe('has joined');
  });
});

test('a bootstrap that hangs is diagnosed after a while, and again later', async () => {
  const diagnosed: Date[] = [];
  const began = Date.now();
  await reporting(
    async (reporter) => {
      reporter.lines([bootstrap]);
      await pass(19_000);
      expect(diagnosed).toEqual([]);
      await pass(6_000);
      expect(diagnosed).toEqual([new Date(began)]);
      expect(lines().at(-1)).toMatch(
        /^waits for the kubelet's certificate since 2[05] s: no controller-manager; no CSR$/,
      );
      await pass(31_000);
      expect(diagnosed).toHaveLength(2);
    },
    (since) => {
      diagnosed.push(since);
      return Promise.resolve(['no controller-manager', 'no CSR']);
    },
  );
});

test('R25: a clock of the worker that is set brings no diagnosis early, keeps none back, and moves with its start', async () => {
  const ago: number[] = [];
  await reporting(
    async (reporter) => {
      reporter.lines([bootstrap]);
      await pass(4_000);
      vi.setSystemTime(Date.now() + 86_400_000);
      await pass(14_000);
      expect(ago).toEqual([]);
      await pass(7_000);
      expect(ago).toEqual([20_000]);
      vi.setSystemTime(Date.now() - 2 * 86_400_000);
      await pass(30_000);
      expect(ago).toEqual([20_000, 50_000]);
    },
    (since) => {
      ago.push(Date.now() - since.getTime());
      return Promise.resolve([]);
    },
  );
});

test('a bootstrap that ended is not diagnosed, nor told of when the diagnosis comes late', async () => {
  let diagnoses = 0;
  await reporting(
    async (reporter) => {
      reporter.lines([bootstrap]);
      await pass(21_000);
      expect(diagnoses).toBe(1);
      reporter.lines(['[etcd] Announced new etcd member joining to the existing etcd cluster']);
      await pass(100_000);
      expect(diagnoses).toBe(1);
      expect(lines().filter((line) => String(line).includes('waits for'))).toEqual([
        "kubeadm waits for the kubelet's certificate",
      ]);
    },
    async () => {
      diagnoses += 1;
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      return ['too late'];
    },
  );
});

test('a signal or a diagnosis that fails changes nothing', async () => {
  answer = () => Promise.reject(new Error('the operation has ended'));
  await reporting(
    async (reporter) => {
      reporter.lines([bootstrap]);
      await pass(60_000);
      expect(reporter.phase()).toBe("waits for the kubelet's certificate");
    },
    () => Promise.reject(new Error('not reachable')),
  );
  expect(sent).toHaveLength(1);
});

test('nothing is sent after the stop', async () => {
  await reporting(async (reporter) => {
    reporter.lines([preflight]);
    reporter.stop();
    await pass(60_000);
  });
  expect(sent).toEqual([]);
});
