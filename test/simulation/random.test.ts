// The random schedules themselves: npm run test:random plays them.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectToTestServer, uniqueName } from '../support/temporal.js';
import type { TestServer } from '../support/temporal.js';
import { runScript } from './random/run-script.js';
import { kindOf, scripts } from './random/script.js';
import type { Script } from './random/script.js';
import { startWorkers } from './random/workers.js';
import type { Workers } from './random/workers.js';

describe('the generator', () => {
  const of = (seed: number): Script | undefined => fc.sample(scripts, { seed, numRuns: 1 })[0];

  it('makes the same schedule of the same seed, also when it is checked', async () => {
    expect(of(7)).toEqual(of(7));
    expect(of(7)).not.toEqual(of(8));
    const checked: Script[] = [];
    await fc.check(
      fc.asyncProperty(scripts, async (script) => void checked.push(script)),
      { seed: 7, numRuns: 1 },
    );
    expect(checked).toEqual([of(7)]);
  });

  it('makes every kind of step, decision and cluster', () => {
    const many = fc.sample(scripts, { seed: 1, numRuns: 400 });
    const steps = new Set(many.flatMap((script) => script.steps.map((step) => step.do)));
    expect([...steps].toSorted()).toEqual(
      [
        'operation cancel mend reboot freeze isolate partition',
        'power cut|cut off from ssh|ssh lost for a moment|disk full|kubelet stopped|slow learner|clock ahead|clock behind',
        'packet loss|one way|drop port|reject port|load balancer off|tokens deleted|certificates uploaded again',
        'worker killed|worker killed twice|joined by hand|initialised by hand|reset by hand|re-imaged|renamed',
        'rebuilt as another cluster|token made|snapshot saved|backend added|workflow reset|begun again|ssh cut to some',
      ]
        .flatMap((line, index) => line.split(index === 0 ? ' ' : '|'))
        .toSorted(),
    );
    expect(new Set(many.flatMap(({ decisions }) => decisions)).size).toBe(5);
    expect(new Set(many.map(({ built }) => built))).toEqual(new Set([0, 1, 2, 3]));
  });
});

describe('what the generator makes often', () => {
  const many = fc.sample(scripts, { seed: 1, numRuns: 400 });
  const share = (holds: (script: Script) => boolean): number => many.filter(holds).length / many.length;

  it('is cancelled operations, wishes to undo, and hosts that an operation cannot get over', () => {
    expect(share(({ steps }) => steps.some((step) => step.do === 'cancel'))).toBeGreaterThan(0.5);
    expect(share(({ decisions }) => decisions.includes('rollback'))).toBeGreaterThan(0.5);
    expect(share(({ decisions }) => decisions.includes('abort'))).toBeGreaterThan(0.3);
    expect(share(({ steps }) => steps.some((step) => 'when' in step))).toBeGreaterThan(0.3);
  });

  it('is a moment at which kubeadm prints something for that kind of operation', () => {
    for (const { steps, built } of many) {
      let about = 'cp1';
      for (const step of steps) {
        if ('printed' in step && about.startsWith('w')) expect(step.printed).not.toMatch(/etcd|certs|control-plane/);
        if (step.do !== 'operation') continue;
        about = step.host;
        if (built > 0) expect(kindOf(about, { built })).not.toBe('init');
      }
    }
  });
});

describe('a schedule', () => {
  let server: TestServer;
  let workers: Workers;
  beforeAll(async () => {
    server = await connectToTestServer();
    workers = await startWorkers(server, uniqueName('random'));
  });
  afterAll(async () => {
    await workers.close();
    await server.close();
  });
  const script: Script = {
    controlPlanes: 2,
    built: 1,
    workers: 1,
    policy: { resetDirtyHosts: 'approve', resumeWhenHealthy: false },
    leftovers: [],
    steps: [
      { afterMs: 0, do: 'operation', host: 'cp2' },
      { printed: '[etcd] Announced new etcd member', do: 'worker killed' },
    ],
    decisions: [],
  };

  it('of a worker that dies in the middle of a join ends well', async () => {
    const { violations, operations } = await runScript(workers, script);
    expect(violations).toEqual([]);
    expect(operations.map(({ outcome }) => outcome)).toEqual(['finished', 'finished']);
  });

  it('finds out that credentials are not revoked', async () => {
    const { violations } = await runScript(workers, script, (activities) => ({
      ...activities,
      revokeCredentials: () => Promise.resolve('forgotten'),
    }));
    expect(violations.join('\n')).toMatch(
      /invariant 8: the token \w{6} \(quorate .*join-control-plane\/cp2.*\) is left/,
    );
    expect(violations.join('\n')).toMatch(/invariant 8: the Secret kubeadm-certs is left/);
  });
});
