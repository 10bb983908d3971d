import { issue } from '../../../certificates/certificates.js';
import { certificateCredentials, readKubeconfig, renderKubeconfig } from '../../../kubernetes/kubeconfig.js';
import { issuedBy } from '../../../network/http-client.js';
import type { Process } from '../../../system/process.js';
import { CommandFailure, say } from '../output.js';
import { readCa } from './pki.js';

const yearMs = 365 * 86_400_000;

interface User {
  readonly file: string;
  readonly name: string;
  readonly commonName: string;
  readonly organizations: readonly string[];
}

export const kubeconfigFolder = '/etc/kubernetes';

const users = (nodeName: string): Readonly<Record<string, User>> => ({
  admin: {
    file: 'admin.conf',
    name: 'kubernetes-admin',
    commonName: 'kubernetes-admin',
    organizations: ['kubeadm:cluster-admins'],
  },
  'super-admin': {
    file: 'super-admin.conf',
    name: 'kubernetes-super-admin',
    commonName: 'kubernetes-super-admin',
    organizations: ['system:masters'],
  },
  kubelet: {
    file: 'kubelet.conf',
    name: `system:node:${nodeName}`,
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
  },
  'controller-manager': {
    file: 'controller-manager.conf',
    name: 'system:kube-controller-manager',
    commonName: 'system:kube-controller-manager',
    organizations: [],
  },
  scheduler: {
    file: 'scheduler.conf',
    name: 'system:kube-scheduler',
    commonName: 'system:kube-scheduler',
    organizations: [],
  },
});

export interface KubeconfigOptions {
  readonly nodeName: string;
  readonly clusterName: string;
  /** What every kubeconfig but those of local components names. */
  readonly endpoint: string;
  readonly localEndpoint: string;
}

const localUsers = new Set(['controller-manager', 'scheduler', 'kubelet']);

/** Writes kubeconfigs; one that is there has to fit. @throws CommandFailure */
export const writeKubeconfigs = (process: Process, which: readonly string[], options: KubeconfigOptions): void => {
  const { files } = process.machine;
  const ca = readCa(process);
  for (const key of which) {
    const user = users(options.nodeName)[key];
    if (user === undefined) continue;
    const path = `${kubeconfigFolder}/${user.file}`;
    const server = `https://${localUsers.has(key) ? options.localEndpoint : options.endpoint}`;
    const existing = readKubeconfig(files, path);
    if (existing !== undefined) {
      if (!issuedBy(ca.certificate, existing.ca) && existing.ca.trim() !== ca.certificate.trim())
        throw new CommandFailure(
          `a kubeconfig file "${path}" exists but does not contain a trusted CA in its current context's cluster. Total CA certificates found: 1`,
        );
      if (existing.server !== server)
        throw new CommandFailure(
          `a kubeconfig file "${path}" exists already but has an unexpected API Server URL: expected: ${server}, got: ${existing.server}`,
        );
      say(process, `[kubeconfig] Using existing kubeconfig file: "${path}"`);
      continue;
    }
    const now = process.machine.now();
    const { certificate, key: privateKey } = issue(ca, {
      ...user,
      notBefore: now - 300_000,
      notAfter: now + yearMs,
      usage: 'client',
    });
    say(process, `[kubeconfig] Writing "${user.file}" kubeconfig file`);
    files.makeDirectories(kubeconfigFolder);
    files.write(
      path,
      renderKubeconfig({
        server,
        ca: ca.certificate,
        cluster: options.clusterName,
        user: user.name,
        credentials: certificateCredentials(certificate, privateKey),
      }),
      0o600,
    );
  }
};
