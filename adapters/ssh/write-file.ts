import { posix } from 'node:path';
import { execute } from './execute.js';
import { quote } from './quote.js';
import type { Host, RunOptions } from './types.js';

export interface WriteFileOptions extends Pick<RunOptions, 'timeoutMs' | 'signal' | 'privileged' | 'secrets'> {
  /** Octal; default 0600. */
  readonly mode?: string;
}

const { basename, dirname, join } = posix;

/**
 * Writes a file whole or not at all: a connection lost half-way leaves the old one. Content goes by standard input, so
 * it may be secret; folders that are missing are made for the owner alone.
 * @throws QuorateError Unreachable, CommandFailed, and what `Host.run` throws.
 */
export const writeFile = async (
  host: Host,
  path: string,
  content: string,
  { mode = '0600', ...options }: WriteFileOptions = {},
): Promise<void> => {
  if (!/^0?[0-7]{3}$/.test(mode)) throw new TypeError(`"${mode}" is not an octal file mode`);
  const size = Buffer.byteLength(content);
  // Hidden, as the kubelet takes any other file among the static Pods for one; in the same folder, so that mv is atomic.
  const temporary = quote(join(dirname(path), `.${basename(path)}.`));
  const script = `set -eu; umask 077; mkdir -p -- ${quote(dirname(path))}
t=${temporary}$$; trap 'rm -f -- "$t"' EXIT
cat > "$t"; got=$(($(wc -c < "$t")))
[ "$got" -eq ${size} ] || { echo "only $got of ${size} bytes arrived" >&2; exit 1; }
chmod ${mode} "$t"; mv -f -- "$t" ${quote(path)}`;
  await execute(host, `write ${path}`, script, { ...options, stdin: content });
};

/** Removes a file; one that is not there is as good. */
export const removeFile = async (
  host: Host,
  path: string,
  options: Pick<RunOptions, 'timeoutMs' | 'signal' | 'privileged'> = {},
): Promise<void> => {
  await execute(host, `remove ${path}`, `rm -f -- ${quote(path)}`, options);
};
