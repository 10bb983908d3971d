import { joinPath } from '../files/file-system.js';
import type { Process, Program } from '../system/process.js';
import { parseOptions, readInputs } from './input.js';

/** Prints what is added to a file, until a process has ended; looks every `seconds`, and once more after the end. */
const follow = async (
  process: Process,
  path: string,
  shown: number,
  { seconds, pid }: { seconds: number; pid: number | undefined },
): Promise<void> => {
  const { files, processes } = process.machine;
  const absolute = joinPath(process.directory, path);
  let offset = shown;
  let changed: (() => void) | undefined;
  const stop = files.watch(absolute, () => changed?.());
  try {
    for (;;) {
      const over = pid !== undefined && processes.get(pid) === undefined;
      const content = files.readIfThere(absolute) ?? '';
      if (content.length < offset) offset = 0;
      if (content.length > offset) {
        process.print(content.slice(offset));
        offset = content.length;
      }
      if (over) return;
      // Told of a change at once, as inotify tells it; a process that ends is looked for.
      const told = new Promise<void>((resolve) => (changed = resolve));
      await Promise.race([process.sleep(seconds * 1000), process.during(told)]);
    }
  } finally {
    stop();
  }
};

export const tail: Program = async (process, args) => {
  const numbered = args.map((arg) => arg.replace(/^-(\d+)$/, '-n$1'));
  const { flags, values, operands } = parseOptions(numbered, 'ncs', ['lines', 'bytes', 'pid', 'sleep-interval']);
  const bytes = values.get('c') ?? values.get('bytes');
  const amount = bytes ?? values.get('n') ?? values.get('lines') ?? '10';
  const fromStart = amount.startsWith('+');
  const count = Number(amount.replace(/^[+-]/, ''));
  let status = 0;
  const inputs = await readInputs(process, operands, { onFailure: () => (status = 1) });
  for (const { path, text } of inputs) {
    if (bytes !== undefined)
      process.print(fromStart ? text.slice(Math.max(0, count - 1)) : count === 0 ? '' : text.slice(-count));
    else {
      const lines = text.split(/(?<=\n)/);
      process.print(
        (fromStart ? lines.slice(Math.max(0, count - 1)) : count === 0 ? [] : lines.slice(-count)).join(''),
      );
    }
    if (!flags.has('f') && !flags.has('F')) continue;
    const pid = values.get('pid');
    await follow(process, path, text.length, {
      seconds: Number(values.get('s') ?? values.get('sleep-interval') ?? 1),
      pid: pid === undefined ? undefined : Number(pid),
    });
  }
  return status;
};
