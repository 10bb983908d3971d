import { describe, expect, test } from 'vitest';
import { operationLines } from '../../../cli/format/operation.js';
import { at, blockedByUnreachable, operationView } from '../../support/operation-views.js';

const now = Date.parse(at('13:55:00'));
const live = { now, footing: true, blocked: true };

describe('a live block', () => {
  test('says how long a step takes and may take, and what comes next', () => {
    const activity = { type: 'runKubeadm', attempt: 1, lastLine: '[kubelet-start] Starting the kubelet' };
    expect(operationLines(operationView({ activity }), live).join('\n')).toMatchInlineSnapshot(`
      "join w2 as a worker of prod (prod/join-worker/w2/1f00aa11)
        ✓ read w2: w2 is empty
        - reset w2
        ● kubeadm join on w2 (2m 50s of 30m)
            w2 printed: [kubelet-start] Starting the kubelet
        · prove w2
        · revoke the credentials
        3m 00s so far; next: prove w2; asked for by ann@desk"
    `);
  });

  test('names the last decision; while undoing nothing comes next', () => {
    const decision = { action: 'retry', by: 'quorate', reason: 'w2 answers', at: at('13:54:00') } as const;
    const steps = [
      { id: 'join', title: 'kubeadm join on w2', state: 'undoing', since: at('13:54:50') },
      { id: 'prove', title: 'prove w2', state: 'pending' },
    ] as const;
    const lines = operationLines(operationView({ steps: [...steps], progress: { decisions: [decision] } }), live);
    expect(lines).toContain('  ● undo kubeadm join on w2 (10s)');
    expect(lines.at(-1)).toBe('  3m 00s so far; last decision: retry by quorate; asked for by ann@desk');
  });

  test('fits the rows there are: steps are counted, then evidence is left out, and the command stays', () => {
    const steps = Array.from({ length: 12 }, (_, index) => ({
      id: `s${index}`,
      title: `step ${index}`,
      state: index < 6 ? ('done' as const) : index === 6 ? ('blocked' as const) : ('pending' as const),
      since: at('13:52:40'),
    }));
    const view = operationView({ steps, progress: { blocked: blockedByUnreachable } });
    const drawn = (rows: number) => operationLines(view, { ...live, columns: 79, rows });
    expect(drawn(40)).toEqual(operationLines(view, { ...live, columns: 79 }));
    expect(drawn(15).join('\n')).toMatchInlineSnapshot(`
      "join w2 as a worker of prod (prod/join-worker/w2/1f00aa11)
        ✓ 6 done
        ! step 6 (2m 20s)
        · 5 to come
        Blocked by Unreachable for 2m 20s: w2 (10.203.0.22:22) does not answer:
          connect ETIMEDOUT
          | attempt 1: connect ETIMEDOUT
          | attempt 2: connect ETIMEDOUT
          What to do: see that \`ssh w2 true\` works from the machine of the worker,
            then retry
            retry  goes on with "kubeadm join on w2"
            abort  ends the operation; everything is left as it is
          Goes on by itself when the host answers over SSH.
          quorate decide prod/join-worker/w2/1f00aa11 retry|abort --about 2
        3m 00s so far; next: step 7; asked for by ann@desk"
    `);
    const short = drawn(13);
    expect(short.length).toBeLessThanOrEqual(13);
    expect(short.join('\n')).not.toContain('attempt 1');
    expect(short).toContain('    | 2 more: quorate operations show prod/join-worker/w2/1f00aa11');
    expect(short).toContain('    quorate decide prod/join-worker/w2/1f00aa11 retry|abort --about 2');
    for (const rows of [1, 2, 5, 8]) expect(drawn(rows)).toHaveLength(rows);
  });
});
