import { OpenFile } from '../../files/open-file.js';
import type { File } from '../../files/inode.js';
import type { Program } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';

/** Who holds the lock of a file; it is free again when the last process has closed that description. */
const holders = new WeakMap<File, OpenFile>();

/** `flock FD` on a descriptor of the calling shell. */
export const flock: Program = async (process, args) => {
  const { flags, values, operands } = parseOptions(args, 'w', ['wait', 'timeout']);
  const opened = process.descriptor(Number(operands[0] ?? 0));
  if (!(opened instanceof OpenFile)) {
    process.complain(`flock: ${operands[0]}: Bad file descriptor\n`);
    return 65;
  }
  if (flags.has('u')) {
    holders.delete(opened.file);
    return 0;
  }
  const patience = flags.has('n')
    ? 0
    : Number(values.get('w') ?? values.get('wait') ?? values.get('timeout') ?? Infinity);
  const deadline = Date.now() + patience * 1000;
  for (;;) {
    const holder = holders.get(opened.file);
    if (holder === undefined || holder.isClosed || holder === opened) {
      holders.set(opened.file, opened);
      return 0;
    }
    const left = deadline - Date.now();
    if (left <= 0) return 1;
    await process.sleep(Math.min(left, 20));
  }
};
