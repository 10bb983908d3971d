import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitForControlPlane } from '../../../adapters/kubernetes/wait-for-control-plane.js';
import { setClock, shellHost } from '../../support/shell-host.js';
import type { ShellHost } from '../../support/shell-host.js';

let host: ShellHost;
beforeEach(() => (host = shellHost({ name: 'cp3' })));
afterEach(() => host.close());

/** Each static Pod answers 200 but for what `more` says, a `case` of a shell by the URL. */
const answers = (more: string): void =>
  host.program(
    'curl',
    `for last; do :; done
echo "$last" >> "$FOLDER/asked"
case "$last" in ${more} *) printf 200 ;; esac`,
  );

test('four static Pods that answer are ready: the API server by the address it advertises', async () => {
  answers('');
  await waitForControlPlane(host, 'fd00::13', { timeoutMs: 10_000 });
  expect((await host.run('cat "$FOLDER/asked"')).stdout.trim().split('\n')).toEqual([
    'https://[fd00::13]:6443/readyz',
    'https://127.0.0.1:10257/healthz',
    'https://127.0.0.1:10259/livez',
    'http://127.0.0.1:2381/health',
  ]);
});

test('one that comes later is waited for', async () => {
  answers('*:10259/livez) if [ -e "$FOLDER/up" ]; then printf 200; else : > "$FOLDER/up"; printf 500; fi ;;');
  await waitForControlPlane(host, '10.0.0.13', { timeoutMs: 20_000 });
});

test.each(['401', '403'])('one that forbids anonymous requests runs: %s', async (code) => {
  answers(`*:6443/readyz) printf ${code} ;;`);
  await waitForControlPlane(host, '10.0.0.13', { timeoutMs: 10_000 });
});

test('those that do not answer in time are named, each with its answer', async () => {
  answers('*:6443/readyz) printf 500 ;; *:2381/health) printf 000; exit 7 ;;');
  await expect(waitForControlPlane(host, '10.0.0.13', { timeoutMs: 1_000 })).rejects.toMatchObject({
    type: 'ControlPlaneNotReady',
    message:
      'the control plane of cp3 is not ready after 1 s: kube-apiserver /readyz answers 500, etcd /health does not answer',
    details: { host: 'cp3', evidence: ['kube-apiserver /readyz answers 500', 'etcd /health answers 000'] },
  });
});

test.each([86_400, -86_400])(
  'R25: a clock that is set by %i s neither ends the waiting nor makes it longer',
  async (seconds) => {
    setClock(host, seconds);
    answers('*:10259/livez) n=$(wc -l < "$FOLDER/asked"); if [ "$n" -gt 12 ]; then printf 200; else printf 500; fi ;;');
    await waitForControlPlane(host, '10.0.0.13', { timeoutMs: 20_000 });

    rmSync(join(host.folder, 'clock-was-read'), { force: true });
    answers('*:6443/readyz) printf 500 ;;');
    const before = performance.now();
    await expect(waitForControlPlane(host, '10.0.0.13', { timeoutMs: 2_000 })).rejects.toMatchObject({
      type: 'ControlPlaneNotReady',
    });
    expect(performance.now() - before).toBeGreaterThan(900);
    expect(performance.now() - before).toBeLessThan(10_000);
  },
);

test('a cancel ends the waiting', async () => {
  answers('*:6443/readyz) printf 500 ;;');
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('cancelled')), 300);
  await expect(
    waitForControlPlane(host, '10.0.0.13', { timeoutMs: 30_000, signal: controller.signal }),
  ).rejects.toThrow('cancelled');
});
