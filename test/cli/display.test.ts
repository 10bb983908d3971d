import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { OperationView } from '../../api/client/operation-view.js';
import { liveDisplay, plainDisplay, type Display } from '../../cli/display.js';
import type { Io } from '../../cli/io.js';
import { at, blockedByUnreachable, operationView } from '../support/operation-views.js';

const io = (size: { columns?: number; rows?: number }): { io: Io & typeof size; out: () => string } => {
  let out = '';
  const made = {
    ...size,
    env: { NO_COLOR: '1' },
    out: (text: string) => void (out += text),
    err: () => {},
    signal: new AbortController().signal,
  };
  return { io: made, out: () => out };
};

/** What stands on a terminal so wide after text was written to it: lines break at its edge. */
const screen = (text: string, columns: number): string[] => {
  const rows = [''];
  for (const part of text.split(/(\x1b\[\d*[AJ]|\n)/)) {
    const up = /^\x1b\[(\d+)A$/.exec(part);
    if (up !== null) rows.splice(Math.max(0, rows.length - 1 - Number(up[1])), rows.length, '');
    else if (part === '\n') rows.push('');
    else if (!part.startsWith('\x1b')) {
      const broken = part.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? [];
      rows.splice(-1, 1, ...(broken.length === 0 ? [''] : broken));
    }
  }
  return rows.slice(0, -1);
};

beforeEach(() => void vi.useFakeTimers({ now: new Date(at('13:55:00')) }));
afterEach(() => void vi.useRealTimers());

describe('on a terminal', () => {
  let display: Display | undefined;
  afterEach(() => display?.close());

  test('the block is drawn again in place each second and at each change', () => {
    const { io: terminal, out } = io({ columns: 80, rows: 24 });
    display = liveDisplay(terminal, { blocked: true });
    display.show(operationView());
    expect(screen(out(), 80)).toContain('  ● kubeadm join on w2 (2m 50s of 30m)');
    vi.advanceTimersByTime(2_000);
    const drawn = screen(out(), 80);
    expect(drawn).toContain('  ● kubeadm join on w2 (2m 52s of 30m)');
    expect(drawn.filter((line) => line.startsWith('join w2 as a worker of prod'))).toHaveLength(1);
    display.show(operationView({ progress: { blocked: blockedByUnreachable } }));
    expect(screen(out(), 80)).toContain('    Goes on by itself when the host answers over SSH.');
    display.show(operationView());
    expect(screen(out(), 80)).toEqual(drawn);
    display.close();
    const before = out();
    vi.advanceTimersByTime(5_000);
    expect(out()).toBe(before);
  });

  test('a terminal that becomes narrower or lower keeps one block', () => {
    const { io: terminal, out } = io({ columns: 80, rows: 24 });
    display = liveDisplay(terminal, { blocked: true });
    display.show(operationView({ progress: { blocked: blockedByUnreachable } }));
    const before = out();
    Object.assign(terminal, { columns: 40, rows: 10 });
    vi.advanceTimersByTime(1_000);
    // The terminal has broken what was drawn before: everything is on it once, in the new width.
    const drawn = screen(out(), 40);
    expect(screen(before, 40).length).toBeGreaterThan(screen(before, 80).length);
    expect(drawn.length).toBeLessThan(10);
    expect(drawn.every(({ length }) => length < 40)).toBe(true);
    expect(drawn.filter((line) => line.startsWith('join w2 as a worker of prod'))).toHaveLength(1);
  });

  test('where the command ends at a block the reason is left to what follows', () => {
    const { io: terminal, out } = io({ columns: 80, rows: 24 });
    display = liveDisplay(terminal, { blocked: false });
    display.show(operationView({ progress: { blocked: blockedByUnreachable } }));
    expect(out()).not.toContain('Blocked by');
  });
});

describe('elsewhere', () => {
  const lines = (views: readonly OperationView[]): string[] => {
    const { io: pipe, out } = io({});
    const display = plainDisplay(pipe);
    for (const view of views) display.show(view);
    return out()
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''));
  };

  test('budgets are said once, and decisions when they are taken', () => {
    const decision = { action: 'retry', by: 'ann@desk', reason: 'switch mended', at: at('13:50:00') } as const;
    const byItself = { action: 'retry', by: 'quorate', reason: 'w2 answers', at: at('13:54:00') } as const;
    const said = lines([
      operationView({ progress: { decisions: [decision] } }),
      operationView({ progress: { blocked: blockedByUnreachable, decisions: [decision] } }),
      operationView({ progress: { decisions: [decision, byItself] } }),
    ]);
    expect(said).toEqual([
      'join w2 as a worker of prod (prod/join-worker/w2/1f00aa11)',
      'read w2: done: w2 is empty',
      'reset w2: skipped',
      'kubeadm join on w2: running (at most 30m)',
      'decision: retry by quorate (w2 answers)',
    ]);
  });
});
