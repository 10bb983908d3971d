import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { QuorateError } from '../../../model/failures/failure.js';
import { PlanReport } from '../../../model/plan-report.js';
import { clusterYaml, runCli, type CliResult } from '../../support/run-cli.js';
import { startScriptedOperations, type ScriptedOperations } from '../../support/scripted-operations.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { uniqueName } from '../../support/temporal.js';

const finding = {
  code: 'HostUnsuitable',
  severity: 'fatal',
  message: 'swap is on',
  remedy: 'run `swapoff -a`',
  evidence: ['/dev/sda2 is swap'],
} as const;

let it: ScriptedOperations;
let env: Record<string, string>;
let file: string;
let cluster: string;
beforeAll(async () => {
  it = await startScriptedOperations({
    plan: ({ cluster: name, kind, target }) => {
      if (target.name === 'cp3') {
        throw new QuorateError('HostKeyMismatch', 'the host key of cp3 has changed', {
          host: 'cp3',
          remedy: 'compare the key on the console of cp3',
          evidence: ['SHA256:abc instead of SHA256:def'],
        });
      }
      const fatal = target.name === 'cp2';
      return {
        cluster: name,
        kind,
        host: target.name,
        at: '2026-11-23T13:52:00.000Z',
        findings: fatal ? [{ ...finding, evidence: [...finding.evidence] }] : [],
        plan: fatal ? [] : [`${kind} ${target.name}`],
      };
    },
  });
  await it.startWorker();
  env = { TEMPORAL_ADDRESS: it.server.address, QUORATE_TASK_QUEUE: it.taskQueue };
});
beforeEach(() => {
  cluster = uniqueName('plan');
  file = join(temporaryFolder(), 'cluster.yaml');
  writeFileSync(file, clusterYaml(cluster));
});
afterAll(() => it.stop());

const plan = (...args: string[]): Promise<CliResult> => runCli(['plan', ...args, '-f', file], { env });

test('what a join would do, by the role of the host, and nothing is asked for', async () => {
  const worker = await plan('w1');
  expect(worker).toEqual({
    code: 0,
    out: [
      `join w1 as a worker of ${cluster}: as the hosts are at 2026-11-23T13:52:00.000Z`,
      'No findings.',
      'Plan:',
      '  1. join-worker w1',
      `Nothing was changed. Carry it out with: quorate join w1 -f ${file}`,
      '',
    ].join('\n'),
    err: '',
  });
  expect((await plan('cp1')).out).toContain('  1. join-control-plane cp1\n');
  const init = await plan('cp1', '--init');
  expect(init.out).toContain(`initialise ${cluster} on cp1`);
  expect(init.out).toContain(`quorate init cp1 -f ${file}`);
  expect((await it.client.list({ cluster })).operations).toEqual([]);
});

test('a fatal finding is exit code 1', async () => {
  const { code, out } = await plan('cp2');
  expect(out).toContain('HostUnsuitable (fatal: the operation would stop here)\n    swap is on\n');
  expect(out).toContain('No plan: what is fatal has to be mended first.');
  expect(code).toBe(1);
  const json = await plan('cp2', '-o', 'json');
  expect(PlanReport.parse(JSON.parse(json.out)).findings).toEqual([finding]);
  expect(json.code).toBe(1);
});

test('what could not be read is said with evidence and what to do', async () => {
  const { code, err } = await plan('cp3');
  expect(err).toBe(
    [
      `error: The plan of join-control-plane cp3 (${cluster}) could not be read: HostKeyMismatch: the host key of cp3 has changed`,
      '  SHA256:abc instead of SHA256:def',
      'What to do: compare the key on the console of cp3',
      '',
    ].join('\n'),
  );
  expect(code).toBe(1);
});

test('a host that does not fit is refused before anybody is asked', async () => {
  const { code, err } = await runCli(['plan', 'w1', '--init', '-f', file], {
    env: { TEMPORAL_ADDRESS: '127.0.0.1:1' },
  });
  expect(err).toContain('init needs a host with the role control-plane; w1 is a worker');
  expect(code).toBe(2);
});
