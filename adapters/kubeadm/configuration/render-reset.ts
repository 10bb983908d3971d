import type { OperationContext } from '../../../model/operation.js';
import { apiVersion, renderDocuments } from './configuration.js';

/**
 * Configuration of `kubeadm reset` (v1beta4). The phase that leaves etcd is always skipped: it would ask the cluster
 * that the host's own admin.conf names, and only warns when it fails. The data directory is then left to `deepClean`.
 * @param options.lazyUnmount for the second try, when a mount below /var/lib/kubelet was busy
 */
export const renderReset = (context: OperationContext, options: { lazyUnmount?: boolean } = {}): string =>
  renderDocuments([
    {
      apiVersion,
      kind: 'ResetConfiguration',
      force: true,
      cleanupTmpDir: true,
      criSocket: context.kubeadm.criSocket,
      ignorePreflightErrors: context.kubeadm.ignorePreflightErrors,
      skipPhases: ['remove-etcd-member'],
      ...(options.lazyUnmount === true ? { unmountFlags: ['MNT_DETACH'] } : {}),
    },
  ]);
