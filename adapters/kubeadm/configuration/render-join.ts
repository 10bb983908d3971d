import type { OperationContext } from '../../../model/operation.js';
import { definitionOf } from '../../../model/operations.js';
import { apiVersion, localApiEndpoint, nodeRegistration, renderDocuments, timeouts } from './configuration.js';

export interface JoinSecrets {
  readonly token: string;
  /** `sha256:<hex>`. */
  readonly caHash: string;
  /** Joins as a control plane with it, as a worker without. */
  readonly certificateKey?: string;
}

/**
 * Configuration of `kubeadm join` for the target of the operation (v1beta4). It holds secrets: it goes to the host by
 * standard input and is deleted there afterwards.
 * @throws TypeError when a control-plane join has no certificate key, which kubeadm would take for a worker's join
 */
export const renderJoin = (context: OperationContext, secrets: JoinSecrets): string => {
  const { hasEtcdMember: controlPlane } = definitionOf(context);
  if (controlPlane && secrets.certificateKey === undefined) throw new TypeError('no certificate key');
  return renderDocuments([
    {
      apiVersion,
      kind: 'JoinConfiguration',
      nodeRegistration: nodeRegistration(context),
      discovery: {
        bootstrapToken: {
          apiServerEndpoint: context.endpoint,
          token: secrets.token,
          caCertHashes: [secrets.caHash],
        },
      },
      ...(controlPlane
        ? { controlPlane: { localAPIEndpoint: localApiEndpoint(context), certificateKey: secrets.certificateKey } }
        : {}),
      timeouts,
    },
  ]);
};
