import { urlHost } from './network-address.js';
import type { OperationContext } from './operation.js';

/** `bindPort` of every API server, as kubeadm's default. */
export const apiServerPort = 6443;

/** host:port of a control-plane host's own API server. */
export const apiServerOf = (address: string): string => `${urlHost(address)}:${apiServerPort}`;

/** The control-plane hosts of the specification other than the target. */
export const peersOf = ({
  controlPlane,
  target,
}: Pick<OperationContext, 'controlPlane' | 'target'>): OperationContext['controlPlane'] =>
  controlPlane.filter(({ name }) => name !== target.name);
