import { configurationPath, operationFolder } from './configuration/file.js';

/**
 * Command lines for units. All of them read a configuration file and carry no secret; without `-v`, as higher levels add
 * gRPC noise and nothing that the phases do not show. Never `--control-plane`: with it and a stale admin.conf kubeadm
 * would skip discovery and join the old cluster.
 */
export const joinCommand = (operation: string): string[] => [
  'kubeadm',
  'join',
  '--config',
  configurationPath(operation, 'join'),
];

/** `init` prints neither its token nor the command to join with it. */
export const initCommand = (operation: string): string[] => [
  'kubeadm',
  'init',
  '--config',
  configurationPath(operation, 'init'),
  '--skip-token-print',
  '--skip-certificate-key-print',
  '--skip-phases=show-join-command',
];

/**
 * `reset` is given a kubeconfig that does not exist: it would otherwise read the cluster's configuration with the host's
 * own admin.conf first, for 10 s when that cluster does not answer (seen with 1.37.1), and does not need it.
 */
export const resetCommand = (operation: string): string[] => [
  'kubeadm',
  'reset',
  '--config',
  configurationPath(operation, 'reset'),
  '--kubeconfig',
  `${operationFolder(operation)}/no-kubeconfig`,
];
