import type { OperationContext } from '../../../model/operation.js';
import { apiVersion, localApiEndpoint, merge, nodeRegistration, renderDocuments, timeouts } from './configuration.js';
import { tokenDescription } from '../credentials/tokens.js';

const component = (version: string, kind: string, values: Readonly<Record<string, unknown>>) => ({
  apiVersion: version,
  kind,
  ...Object.fromEntries(Object.entries(values).filter(([key]) => key !== 'apiVersion' && key !== 'kind')),
});

/**
 * Configuration of `kubeadm init` for the target of the operation: four documents (v1beta4). No secret is in it: the
 * token that kubeadm makes is described as the operation's, lives 45 minutes and is deleted after init.
 * What the specification passes through counts, except for the version, the endpoint and the subnets, which it has keys for.
 */
export const renderInit = (context: OperationContext): string => {
  const { kubeadm, networking } = context;
  return renderDocuments([
    {
      apiVersion,
      kind: 'InitConfiguration',
      bootstrapTokens: [{ description: tokenDescription(context.operation), ttl: '45m0s' }],
      nodeRegistration: nodeRegistration(context),
      localAPIEndpoint: localApiEndpoint(context),
      timeouts,
    },
    component(
      apiVersion,
      'ClusterConfiguration',
      merge(
        { clusterName: context.cluster, ...kubeadm.clusterConfiguration },
        {
          kubernetesVersion: context.kubernetesVersion,
          controlPlaneEndpoint: context.endpoint,
          networking: { ...networking },
        },
      ),
    ),
    component('kubelet.config.k8s.io/v1beta1', 'KubeletConfiguration', kubeadm.kubelet),
    component('kubeproxy.config.k8s.io/v1alpha1', 'KubeProxyConfiguration', kubeadm.kubeProxy),
  ]);
};
