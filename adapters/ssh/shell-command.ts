import { quote } from './quote.js';

/** Linux takes no argument of 128 KiB or more (MAX_ARG_STRLEN), and the login shell gets the command as one. */
const longestCommand = 100_000;

/** Messages are matched by others, so they are wanted in English. */
const locale = 'export LC_ALL=C; ';

/** The login may be root by another name; asking costs a millisecond and no round trip. */
const asRoot = `${locale}[ "$(id -u)" = 0 ] && exec /bin/sh -c "$1"; exec sudo -n -- /bin/sh -c "$1"`;

export interface ShellCommand {
  readonly command: string;
  readonly stdin: string;
}

const wrap = (script: string, privileged: boolean, user: string): string => {
  const words = quote(`${locale}${script}`);
  // The login shell may be any; `exec` leaves no process of it behind.
  if (!privileged || user === 'root') return `exec /bin/sh -c ${words}`;
  return `exec /bin/sh -c ${quote(asRoot)} sh ${words}`;
};

/**
 * The command line that runs a POSIX shell script on a host, and what to send to its standard input: a script too long
 * for a command line travels there, before the script's own input.
 * @throws TypeError when the script holds a NUL.
 */
export const shellCommand = (script: string, stdin: string, privileged: boolean, user: string): ShellCommand => {
  const command = wrap(script, privileged, user);
  if (Buffer.byteLength(command) <= longestCommand) return { command, stdin };
  const loader = `eval "$(head -c ${Buffer.byteLength(script)})"`;
  return { command: wrap(loader, privileged, user), stdin: script + stdin };
};
