import { describe, expect, test } from 'vitest';
import { blockedLines, blockedText } from '../../../cli/format/blocked.js';
import { at, blockedByUnreachable, operationView } from '../../support/operation-views.js';

const now = Date.parse(at('13:55:00'));
const view = (change: Partial<typeof blockedByUnreachable> = {}) =>
  operationView({ progress: { blocked: { ...blockedByUnreachable, ...change } } });

describe('why an operation is blocked', () => {
  test('says what each choice does, and when it goes on by itself', () => {
    expect(blockedText(view(), now)).toMatchInlineSnapshot(`
      "Blocked: Unreachable
        w2 (10.203.0.22:22) does not answer: connect ETIMEDOUT
        | attempt 1: connect ETIMEDOUT
        | attempt 2: connect ETIMEDOUT
      What to do: see that \`ssh w2 true\` works from the machine of the worker, then retry
      Then one of:
        quorate decide prod/join-worker/w2/1f00aa11 retry --about 2  # goes on with "kubeadm join on w2"
        quorate decide prod/join-worker/w2/1f00aa11 abort --about 2  # ends the operation; everything is left as it is
      Goes on by itself when the host answers over SSH.
      Runbook: docs/runbook.md, Unreachable
      "
    `);
  });

  test('of an approval: until when, and who may not give it', () => {
    const { watching: _none, ...blocked } = blockedByUnreachable;
    const asked = operationView({
      progress: { blocked: { ...blocked, expiresAt: '2026-11-24T13:52:40.000Z', notBy: 'ann@desk' } },
    });
    const text = blockedText(asked, now);
    expect(text).toContain('Ends by itself in 23h 57m (2026-11-24T13:52:40.000Z) when nobody approves.\n');
    expect(text).toContain('Somebody else than ann@desk has to approve.\n');
    expect(text).not.toContain('Goes on by itself');
    expect(blockedLines(asked, { now, evidence: 0 }).join('\n')).toContain('Ends by itself in 23h 57m');
  });

  test('in a live block: wrapped at the width, with what was seen last and one command', () => {
    const activity = { type: 'probeCause', attempt: 4, lastFailure: 'connect ECONNREFUSED 10.203.0.22:22' };
    const lines = blockedLines({ ...view(), activity }, { now, columns: 60, evidence: 1 });
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "  Blocked by Unreachable for 2m 20s: w2 (10.203.0.22:22)
          does not answer: connect ETIMEDOUT
          | attempt 1: connect ETIMEDOUT
          | 1 more: quorate operations show prod/join-worker/w2/1f00aa11
          What to do: see that \`ssh w2 true\` works from the
            machine of the worker, then retry
            retry  goes on with "kubeadm join on w2"
            abort  ends the operation; everything is left as it is
          Goes on by itself when the host answers over SSH.
          Seen last: connect ECONNREFUSED 10.203.0.22:22
          quorate decide prod/join-worker/w2/1f00aa11 retry|abort --about 2"
    `);
    // Commands stay whole, to be copied.
    const sentences = lines.filter((line) => !line.includes('quorate '));
    expect(Math.max(...sentences.map(({ length }) => length))).toBeLessThanOrEqual(60);
  });

  test('nothing of a running one, and of one whose worker is away what is known', () => {
    expect(blockedLines(operationView(), { now, evidence: 5 })).toEqual([]);
    const { progress: _none, ...without } = view();
    const away = { ...without, summary: { ...without.summary, blockedReason: 'Unreachable' } };
    expect(blockedLines(away, { now, evidence: 5 })).toEqual([
      '  Blocked by Unreachable; details need a worker. See `quorate operations show prod/join-worker/w2/1f00aa11`.',
    ]);
  });
});
