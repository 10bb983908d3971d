import { describe, expect, test } from 'vitest';
import type { FailureType } from '../../../model/failures/failure.js';
import { describeOutcome, failureOf } from '../../../model/failures/kubeadm.js';
import type { UnitOutcome } from '../../../model/facts/unit-outcome.js';
import { operationContext } from '../../support/facts.js';
import { joinFacts } from '../../support/scripted-answers.js';

const context = operationContext();
const logFile = '/var/log/quorate/quorate-join-1.log';
const outcome = (change: Partial<UnitOutcome> = {}): UnitOutcome => ({
  unit: 'quorate-join-1.service',
  state: 'failed',
  logFile,
  ...change,
});
const says = (type: FailureType, evidence: readonly string[] = []): UnitOutcome =>
  outcome({ failure: { type, message: `${type} says kubeadm`, remedy: `mend ${type}`, evidence } });

test.each<[Partial<UnitOutcome>, string]>([
  [{ state: 'succeeded', exitStatus: 0 }, 'kubeadm succeeded (exit status 0)'],
  [{ exitStatus: 1, phase: 'kubelet-start' }, 'kubeadm failed (exit status 1) at "kubelet-start"'],
  [{ state: 'timed-out' }, 'kubeadm was stopped, as it took longer than policy.budgets.join'],
])('how a kubeadm ended in words: %j', (change, words) => {
  expect(describeOutcome(outcome(change))).toBe(words);
});

describe('the failure of a kubeadm is named after', () => {
  test.each<[string, FailureType, Parameters<typeof joinFacts>[0], FailureType]>([
    ['itself, when the endpoint is reached', 'TlsBootstrapStuck', {}, 'TlsBootstrapStuck'],
    [
      'the endpoint that this host does not reach',
      'KubeadmFailed',
      { endpoint: 'not-from-the-host' },
      'EndpointUnreachable',
    ],
    [
      'the load balancer that nobody reaches',
      'ApiUnavailable',
      { endpoint: 'nobody-reaches-it' },
      'LoadBalancerUnavailable',
    ],
    ['itself, when no endpoint explains it', 'ClockSkew', { endpoint: 'nobody-reaches-it' }, 'ClockSkew'],
    [
      'the kubelet that its etcd waits for',
      'MemberNotVoter',
      { member: 'unstarted', kubelet: 'failed' },
      'KubeletNotRunning',
    ],
    [
      'itself, when it is not known whether the kubelet runs',
      'MemberNotVoter',
      { member: 'unstarted' },
      'MemberNotVoter',
    ],
  ])('%s', (_, said, facts, type) => {
    const failure = failureOf(context, says(said), joinFacts(facts), []);
    expect(failure.type).toBe(type);
    expect(failure.message).toContain(`${said} says kubeadm`);
    expect(failure.details.host).toBe('cp3');
  });

  test('how it ended, when its output names no cause; a restart of the host is one', () => {
    expect(failureOf(context, outcome({ state: 'killed' }), undefined, [])).toMatchObject({
      type: 'KubeadmFailed',
      message: 'kubeadm was killed on cp3',
    });
    expect(failureOf(context, outcome({ state: 'interrupted' }), undefined, []).type).toBe('HostRebooted');
  });
});

test('the evidence is the last ten lines of kubeadm, then what was seen, then where the log is', () => {
  const lines = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`);
  expect(failureOf(context, says('KubeadmFailed', lines), joinFacts(), ['etcd member: none']).details.evidence).toEqual(
    [...lines.slice(2), 'etcd member: none', `log on cp3: ${logFile}`],
  );
});
