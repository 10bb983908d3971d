import { describe, expect, it } from 'vitest';
import { heldTo, olderNote, parseOlder } from '../../../adapters/load-balancer/older-processes.js';

const none = parseOlder('');

describe('what older processes hold', () => {
  it('is read line by line', () => {
    const older = parseOlder('\n812 cp1 3\n812 cp2 1\n790 cp1 2\n');
    expect([heldTo(older, 'cp1'), heldTo(older, 'cp2'), heldTo(older, 'cp3')]).toEqual([5, 1, 0]);
    expect(parseOlder('hidden 812\nhidden 790\n')).toEqual({ held: [], hidden: [812, 790] });
    expect(parseOlder(undefined)).toEqual({ held: [], hidden: [] });
  });

  it('is told of the server that was taken out', () => {
    const before = parseOlder('812 cp1 3\n790 cp1 2\n790 cp2 9');
    const after = parseOlder('790 cp2 9');
    expect(olderNote('cp1', 'lb1', none, after)).toBe('');
    expect(olderNote('cp1', 'lb1', before, after)).toBe(
      'ended 5 connections to cp1 that older processes of HAProxy on lb1 held',
    );
    expect(olderNote('cp1', 'lb1', before, parseOlder('790 cp1 1\n790 cp2 9'))).toBe(
      'ended 4 connections to cp1 that older processes of HAProxy on lb1 held; older processes of HAProxy on lb1 (pid 790) still hold 1 connection to cp1, for 30 minutes at most',
    );
    expect(olderNote('cp1', 'lb1', none, parseOlder('hidden 812'))).toMatch(
      /^older processes of HAProxy on lb1 \(pid 812\) may hold connections to cp1, .* does not answer$/,
    );
  });
});
