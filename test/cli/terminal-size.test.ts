import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { liveDisplay } from '../../cli/display.js';
import { follow } from '../../cli/follow.js';
import type { Io } from '../../cli/io.js';
import { startApiServer } from '../support/api-server.js';
import { needs, part } from '../support/needs.js';
import { blockedByUnreachable, operationView } from '../support/operation-views.js';
import { main } from '../support/quorate-process.js';
import { stubClient } from '../support/stub-client.js';

const operation = 'prod/join-worker/w2/1f00aa11';
const blocked = operationView({ progress: { blocked: blockedByUnreachable } });
const views = async function* () {
  yield operationView();
  yield operationView({ activity: { type: 'runKubeadm', attempt: 1, lastLine: '[etcd] waits for the learner' } });
  yield blocked;
};

const script = part('script', spawnSync('script', ['--version']).status === 0);

/** What is printed on a real terminal of that size by a watch of an operation that blocks. */
const onTerminal = async (columns: number, rows: number): Promise<string> => {
  const { url, stop } = await startApiServer(stubClient({ watch: views }));
  onTestFinished(stop);
  // util-linux: its terminal has no size before it gets one.
  const line = `stty cols ${columns} rows ${rows}; exec '${process.execPath}' '${main}' operations watch ${operation}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, QUORATE_SERVER: url, TERM: 'xterm' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(3);
  return out.replaceAll('\r\n', '\n');
};

describe('R25: a terminal that cannot hold a block gets plain lines', needs(script), () => {
  test.each([
    [0, 0],
    [5, 24],
    [80, 2],
  ])('%i x %i', async (columns, rows) => {
    const out = await onTerminal(columns, rows);
    expect(out).not.toContain('\x1b');
    expect(out).toMatch(/^\d\d:\d\d:\d\d join w2 as a worker of prod \(prod\/join-worker\/w2\/1f00aa11\)$/m);
    expect(out).toMatch(/^\d\d:\d\d:\d\d {3}w2 printed: \[etcd\] waits for the learner$/m);
  });

  test('one that can is drawn on', async () => {
    expect(await onTerminal(80, 24)).toContain('\x1b[');
  });
});

describe('R25: a terminal that changes its size', () => {
  const terminal = (size: { columns?: number; rows?: number }) => {
    let out = '';
    const io = {
      ...size,
      env: { NO_COLOR: '1' },
      out: (text: string) => void (out += text),
      err: () => {},
      signal: new AbortController().signal,
    } satisfies Io;
    return { io: io as Io & typeof size, out: () => out };
  };

  test('to none keeps the width that it had', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { io, out } = terminal({ columns: 40, rows: 24 });
    const display = liveDisplay(io, { blocked: true });
    onTestFinished(display.close);
    display.show(blocked);
    const first = out();
    delete io.columns;
    delete io.rows;
    vi.advanceTimersByTime(1_000);
    const up = first.split('\n').length - 1;
    expect(out().slice(first.length)).toMatch(new RegExp(`^\\x1b\\[${up}A\\x1b\\[J`));
    const widest = Math.max(
      ...out()
        .slice(first.length)
        .replace(/^\x1b\[\d+A\x1b\[J/, '')
        .split('\n')
        .map((line) => line.length),
    );
    expect(widest).toBeLessThan(40);
  });

  test('to one is not drawn on when it was begun in plain lines, and says why it is blocked', async () => {
    const { io, out } = terminal({});
    const growing = async function* () {
      yield operationView();
      Object.assign(io, { columns: 80, rows: 24 });
      yield blocked;
      yield operationView({ summary: { state: 'finished' } });
    };
    await follow(growing(), io, { operation, output: 'text', throughBlocks: true });
    expect(out()).not.toContain('\x1b');
    expect(out()).toContain('What to do: see that `ssh w2 true` works');
  });

  test('to a few columns is drawn in them', () => {
    for (const columns of [1, 2, 5, 19]) {
      const { io, out } = terminal({ columns, rows: 10 });
      const display = liveDisplay(io, { blocked: true });
      display.show(blocked);
      display.close();
      const lines = out().trimEnd().split('\n');
      expect(lines.length).toBeLessThan(10);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(1, columns - 1));
    }
  });
});
