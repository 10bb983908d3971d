import { z } from 'zod';
import { ClusterName, ControlPlaneEndpoint, HostName, KubernetesVersion } from './fields.js';
import { HostSpecification } from './hosts.js';
import { Kubeadm } from './kubeadm.js';
import { LoadBalancer } from './load-balancer.js';
import { Networking } from './networking.js';
import { Notifications } from './notifications.js';
import { Policy } from './policy.js';

const specificationApiVersion = 'quorate.dev/v1alpha1';

/**
 * The shape of cluster.yaml. Descriptions, defaults and consequences of every field stand with it, as the JSON Schema
 * for editors is made from here. What spans fields is checked by `validateSpecification`.
 */
export const Specification = z
  .strictObject({
    apiVersion: z
      .literal(specificationApiVersion)
      .meta({ description: 'Version of this format.', examples: [specificationApiVersion] }),
    kind: z.literal('Cluster').meta({ description: 'What the file describes.', examples: ['Cluster'] }),
    metadata: z.strictObject({ name: ClusterName }).meta({ description: 'What the cluster is called.' }),
    spec: z
      .strictObject({
        kubernetesVersion: KubernetesVersion,
        controlPlaneEndpoint: ControlPlaneEndpoint,
        networking: Networking,
        loadBalancer: LoadBalancer,
        hosts: z.record(HostName, HostSpecification).meta({
          description:
            'Every host of the cluster by name. The name is the name of the Node and of the etcd member, and by default the name that ssh knows.',
          examples: [{ cp1: { role: 'control-plane', address: '10.203.0.11' } }],
        }),
        policy: Policy,
        notifications: Notifications,
        kubeadm: Kubeadm,
      })
      .meta({ description: 'What the cluster should be.' }),
  })
  .meta({ title: 'Quorate cluster', description: 'A kubeadm cluster and the hosts it runs on.' });

/** A specification with all defaults filled in. */
export type Specification = z.infer<typeof Specification>;
