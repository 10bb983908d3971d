import { execute } from './execute.js';
import { quote } from './quote.js';
import type { Host, RunOptions } from './types.js';

export interface WriteFileOptions extends Pick<RunOptions, 'timeoutMs' | 'signal' | 'privileged' | 'secrets'> {
  /** Octal; default 0600. */
  readonly mode?: string;
}

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
  const script = `set -eu; umask 077; f=${quote(path)}; n=${Buffer.byteLength(content)}
case $f in */*) mkdir -p -- "\${f%/*}/" ;; esac
t=$f.$$.tmp; trap 'rm -f -- "$t"' EXIT
cat > "$t"; got=$(($(wc -c < "$t")))
[ "$got" -eq "$n" ] || { echo "only $got of $n bytes of $f arrived" >&2; exit 1; }
chmod ${mode} "$t"; mv -f -- "$t" "$f"`;
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
