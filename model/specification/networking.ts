import { z } from 'zod';
import { not, Subnets } from './fields.js';

/** kubeadm's own default, written out so that overlaps with host addresses are seen. */
export const defaultServiceSubnet = '10.96.0.0/12';

export const Networking = z
  .strictObject({
    podSubnet: Subnets.optional().meta({
      description:
        'Subnet of the Pods. Default: none; most CNI plugins then need it in their own configuration. Used by init, read by nobody on a join.',
      examples: ['10.244.0.0/16'],
    }),
    serviceSubnet: Subnets.default(defaultServiceSubnet).meta({
      description: `Subnet of the Services. Default: ${defaultServiceSubnet}. Cannot be changed after init without a new cluster.`,
      examples: ['10.96.0.0/16'],
    }),
    dnsDomain: z
      .string()
      .max(200, not('is not a DNS domain'))
      .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/, not('is not a DNS domain'))
      .default('cluster.local')
      .meta({ description: 'DNS domain of the Services. Default: cluster.local.', examples: ['cluster.local'] }),
  })
  .prefault({})
  .meta({ description: 'Networks inside the cluster, as kubeadm takes them; none may contain an address of a host.' });
