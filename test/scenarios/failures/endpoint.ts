import { expect } from 'vitest';
import { expectAllJoined, expectRefused, expectUntouched } from '../expect.js';
import { onConsole } from '../inject.js';
import type { Scenario } from '../scenario.js';
import { scenario } from '../scenario.js';
import type { Moment } from '../site.js';

export const endpoint: readonly Scenario[] = [
  scenario('F19: traffic reaches an API server only when it is ready', {}, async (site) => {
    const seen: string[] = [];
    const moments: Moment[] = [
      '[preflight] Running',
      '[kubelet-start] Starting',
      '[etcd] Announced',
      '[mark-control-plane]',
    ].map((text) =>
      site.whenPrinted('cp2', text, async () => {
        const backends = await site.observer.backends();
        seen.push(backends.find(({ name }) => name === 'cp2')?.status ?? 'absent');
      }),
    );
    await site.finish('join-control-plane', 'cp2');
    for (const moment of moments) await moment.done();
    expect(seen).toEqual(['MAINT', 'MAINT', 'MAINT', 'MAINT']);
    await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
  }),

  scenario('F20: the load balancer restarts while kubeadm joins', {}, async (site) => {
    const moment = site.whenPrinted('cp2', '[kubelet-start] Starting the kubelet', async () => {
      await onConsole(site, 'lb1', 'systemctl restart haproxy');
    });
    await site.finish('join-control-plane', 'cp2');
    await moment.done();
    await expectAllJoined(site, { controlPlane: ['cp1', 'cp2'] });
  }),

  scenario(
    'F22: only the new host does not reach the endpoint: said in seconds, and who does',
    { inEveryLabRun: true },
    async (site) => {
      await site.faults.oneWay('w1', 'lb1');
      const started = Date.now();
      const outcome = await site.run('join-worker', 'w1');
      expectRefused(
        outcome,
        'EndpointUnreachable',
        /w1 cannot reach 10\.203\.\d+\.10:6443: no answer \(timeout\); cp1/,
      );
      expect(Date.now() - started).toBeLessThan(10_000);
      await expectUntouched(site, 'w1');
      expect(await site.observer.tokens()).toEqual([]);
      await site.faults.clear();
      await site.finish('join-worker', 'w1');
      await expectAllJoined(site, { controlPlane: ['cp1'], workers: ['w1'] });
    },
  ),
];
