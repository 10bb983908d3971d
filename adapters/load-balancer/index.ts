import { apiServerPort } from '../../model/control-plane.js';
import { QuorateError } from '../../model/failures/failure.js';
import { parseEndpoint } from '../../model/network-address.js';
import type { OperationContext } from '../../model/operation.js';
import type { Hosts } from '../ssh/types.js';
import { externalLoadBalancer } from './external.js';
import { haproxyLoadBalancer } from './haproxy.js';
import type { LoadBalancer } from './types.js';

export type { LoadBalancer } from './types.js';

export interface LoadBalancerInput {
  readonly cluster: string;
  readonly hosts: Hosts;
  readonly loadBalancer: OperationContext['loadBalancer'];
  /** `controlPlaneEndpoint` as host:port; the load balancer listens on its port. */
  readonly endpoint: string;
  /** Port of the API servers; default 6443, as kubeadm's `bindPort`. */
  readonly serverPort?: number;
}

/**
 * The load balancer of a cluster.
 * @throws QuorateError InvalidSpecification when the endpoint is not host:port; UnknownHost from `hosts`.
 */
export const createLoadBalancer = ({
  cluster,
  hosts,
  loadBalancer,
  endpoint,
  serverPort = apiServerPort,
}: LoadBalancerInput): LoadBalancer => {
  if (loadBalancer.kind === 'external') return externalLoadBalancer();
  const place = parseEndpoint(endpoint);
  if (place === undefined) {
    throw new QuorateError('InvalidSpecification', `controlPlaneEndpoint ${endpoint} is not host:port`, {
      remedy: 'write it as 10.0.0.10:6443, [fd00::10]:6443 or api.example.org:6443 in the specification',
    });
  }
  return haproxyLoadBalancer({
    hosts: loadBalancer.hosts.map(({ name, ssh }) => hosts.host(ssh ?? name)),
    cluster,
    backend: loadBalancer.backend,
    port: place.port,
    ipv6: place.host.includes(':'),
    serverPort,
  });
};
