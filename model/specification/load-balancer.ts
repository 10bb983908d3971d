import { z } from 'zod';
import { HostName, not } from './fields.js';

const HaproxyLoadBalancer = z.strictObject({
  kind: z.literal('haproxy').meta({ description: 'HAProxy on hosts of this specification, managed over SSH.' }),
  hosts: z
    .array(HostName)
    .min(1, { error: 'names no host' })
    .meta({
      description:
        'Hosts with the role load-balancer that carry the endpoint. A control-plane node counts as joined only when each of them sees it UP.',
      examples: [['lb1']],
    }),
  backend: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,63}$/, not('is not a name of an HAProxy backend'))
    .default('kube-apiserver')
    .meta({
      description: 'Name of the HAProxy backend that holds the API servers. Default: kube-apiserver.',
      examples: ['kube-apiserver'],
    }),
});

const ExternalLoadBalancer = z.strictObject({
  kind: z.literal('external').meta({
    description:
      'A load balancer that somebody else manages: Quorate changes nothing there and only verifies that the endpoint answers.',
  }),
});

export const LoadBalancer = z.discriminatedUnion('kind', [HaproxyLoadBalancer, ExternalLoadBalancer]).meta({
  description:
    'What stands behind controlPlaneEndpoint; no default, as a wrong guess sends traffic to dead API servers.',
  examples: [{ kind: 'external' }],
});
export type LoadBalancer = z.infer<typeof LoadBalancer>;
