import { program, type Part } from '../../support/needs.js';

/** A shell that hosts have as their `sh`; bash stands for hosts whose sh it is. */
export interface HostShell {
  readonly argv: readonly [string, ...string[]];
  readonly part: Part;
}

const argvs: readonly HostShell['argv'][] = [['/bin/sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']];

export const shells: readonly HostShell[] = argvs.map((argv) => ({ argv, part: program(argv[0]) }));
