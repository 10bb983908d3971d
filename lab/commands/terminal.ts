// Progress for people: one living line on a terminal, plain lines elsewhere.
import type { Progress } from '../progress.js';

export interface TerminalProgress {
  line: Progress;
  end(): void;
}

export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): TerminalProgress {
  const started = Date.now();
  const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s`;
  if (!stream.isTTY) {
    return { line: (line) => stream.write(`${seconds()}  ${line}\n`), end: () => undefined };
  }
  let current = '';
  const draw = (): void => {
    stream.write(`\r\u001b[K${`${seconds()}  ${current}`.slice(0, Math.max(20, stream.columns - 1))}`);
  };
  const timer = setInterval(draw, 200);
  return {
    line: (line) => {
      // What is finished stays on the screen; what goes on is redrawn.
      if (/: done in |^built |^raised |^cleared /.test(line)) stream.write(`\r\u001b[K${seconds()}  ${line}\n`);
      current = line;
      draw();
    },
    end: () => {
      clearInterval(timer);
      stream.write('\r\u001b[K');
    },
  };
}
