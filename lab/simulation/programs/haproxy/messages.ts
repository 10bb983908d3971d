// What HAProxy says of a configuration, as it goes to the journal.
import type { Process } from '../../system/process.js';
import type { ConfigurationError } from './configuration.js';
import { haproxyVersion } from './runtime.js';

const mark = (process: Process, level: string): string => `[${level}]`.padEnd(10) + ` (${process.pid}) :`;

const introduction = (process: Process): readonly string[] => [
  `${mark(process, 'NOTICE')} haproxy version is ${haproxyVersion}`,
  `${mark(process, 'NOTICE')} path to executable is /usr/sbin/haproxy`,
];

export const warn = (process: Process, warnings: readonly string[]): void => {
  if (warnings.length === 0) return;
  const lines = warnings.map((warning) => `${mark(process, 'WARNING')} ${warning}`);
  process.complain([...introduction(process), ...lines, ''].join('\n'));
};

/** What it says when it cannot go on. @param path of a file that could not be read to its end */
export const alert = (process: Process, { message, warnings }: ConfigurationError, path?: string): void => {
  process.complain(
    [
      ...introduction(process),
      `${mark(process, 'ALERT')} ${message}`,
      ...warnings.map((warning) => `${mark(process, 'WARNING')} ${warning}`),
      ...(path === undefined
        ? []
        : [`${mark(process, 'ALERT')} config : Error(s) found in configuration file : ${path}`]),
      `${mark(process, 'ALERT')} config : Fatal errors found in configuration.`,
      '',
    ].join('\n'),
  );
};
