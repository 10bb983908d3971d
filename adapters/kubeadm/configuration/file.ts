import { createHash } from 'node:crypto';
import { execute } from '../../ssh/execute.js';
import { quote } from '../../ssh/quote.js';
import type { Host } from '../../ssh/types.js';
import { writeFile } from '../../ssh/write-file.js';

/** Folder of an operation's files on its hosts; on tmpfs, so gone after a restart. */
export const operationFolder = (operation: string): string =>
  `/run/quorate/${createHash('sha256').update(operation).digest('hex').slice(0, 12)}`;

export type ConfigurationName = 'init' | 'join' | 'reset';

export const configurationPath = (operation: string, name: ConfigurationName): string =>
  `${operationFolder(operation)}/${name}.yaml`;

/**
 * Writes a kubeadm configuration for root alone, whole or not at all, and returns its path.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const writeConfiguration = async (
  host: Host,
  operation: string,
  name: ConfigurationName,
  yaml: string,
): Promise<string> => {
  const path = configurationPath(operation, name);
  await writeFile(host, path, yaml);
  return path;
};

/**
 * Removes an operation's configuration files from a host; none there is fine.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const removeConfiguration = async (host: Host, operation: string): Promise<void> => {
  await execute(host, "removing the operation's configuration", `rm -rf -- ${quote(operationFolder(operation))}`);
};

/**
 * Removes the configuration files of all other operations from a host, with the tokens in them: of those that ended
 * without the time to do it themselves.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const removeOtherConfigurations = async (host: Host, operation: string): Promise<void> => {
  const own = quote(operationFolder(operation));
  await execute(
    host,
    "removing other operations' configurations",
    `for folder in /run/quorate/*/; do [ "\${folder%/}" = ${own} ] || rm -rf -- "$folder"; done`,
  );
};
