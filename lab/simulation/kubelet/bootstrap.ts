import { randomBytes } from 'node:crypto';
import { keyPem, makeSigningRequest, newKey } from '../certificates/certificates.js';
import { ApiError, callApi } from '../kubernetes/client.js';
import { readKubeconfig, renderKubeconfig } from '../kubernetes/kubeconfig.js';
import type { Kubeconfig } from '../kubernetes/kubeconfig.js';
import { decode, encode } from '../kubernetes/objects.js';
import type { KubernetesObject } from '../kubernetes/objects.js';
import { isInTime } from '../network/http-client.js';
import type { Process } from '../system/process.js';

const pki = '/var/lib/kubelet/pki';
const currentFile = `${pki}/kubelet-client-current.pem`;
const requestsPath = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const pollMs = 400;

export interface BootstrapFiles {
  readonly kubeconfig: string;
  readonly bootstrapKubeconfig: string;
  readonly nodeName: string;
}

export const klog = (process: Process, level: 'I' | 'E', file: string, text: string): void =>
  process.complain(
    `${level}${new Date(process.machine.now()).toISOString().slice(5, 10).replace('-', '')} ${new Date(process.machine.now()).toISOString().slice(11, 23)}000    ${process.pid} ${file}] ${text}\n`,
  );

/** The kubeconfig with a certificate that is valid; undefined when there is none. */
const usable = (process: Process, path: string): Kubeconfig | undefined => {
  const found = readKubeconfig(process.machine.files, path);
  const certificate = found?.clientCertificate;
  return certificate !== undefined && isInTime(certificate, process.machine.now()) ? found : undefined;
};

/** Keeps a certificate with its key as the kubelet does, where its kubeconfig has named it before. */
const keep = (process: Process, of: { certificate: string; key: string }): void => {
  const { files } = process.machine;
  const stamp = new Date(process.machine.now()).toISOString().slice(0, 19).replaceAll(':', '-').replace('T', '-');
  const file = `${pki}/kubelet-client-${stamp}.pem`;
  files.makeDirectories(pki, 0o750);
  files.write(file, `${of.certificate}${of.key}`, 0o600);
  if (files.look(currentFile, false) !== undefined) files.remove(currentFile);
  files.makeLink(file, currentFile);
};

/** The kubelet's own kubeconfig; it is there before the certificate that it names. */
const writeOwn = ({ machine: { files } }: Process, of: { from: Kubeconfig; file: string }): void => {
  const credentials = { 'client-certificate': currentFile, 'client-key': currentFile };
  files.write(
    of.file,
    renderKubeconfig({
      server: of.from.server,
      ca: of.from.ca,
      cluster: 'default-cluster',
      user: 'default-auth',
      context: 'default-context',
      credentials,
    }),
    0o600,
  );
};

/**
 * The kubeconfig that the kubelet works with: its own, or one that it gets by the bootstrap's token: it asks for a
 * certificate, and waits until somebody has approved and signed that.
 */
export const bootstrap = async (process: Process, of: BootstrapFiles): Promise<Kubeconfig> => {
  let requested: { readonly name: string; readonly key: string } | undefined;
  let written = false;
  for (;;) {
    const own = usable(process, of.kubeconfig);
    if (own !== undefined) return own;
    const from = readKubeconfig(process.machine.files, of.bootstrapKubeconfig);
    if (from === undefined) {
      klog(
        process,
        'E',
        'run.go:72',
        `"command failed" err="failed to run Kubelet: unable to load bootstrap kubeconfig: stat ${of.bootstrapKubeconfig}: no such file or directory"`,
      );
      throw new NoBootstrap();
    }
    if (!written) writeOwn(process, { from, file: of.kubeconfig });
    written = true;
    try {
      if (requested === undefined) {
        const key = newKey();
        const name = `csr-${[...randomBytes(5)].map((byte) => (byte % 36).toString(36)).join('')}`;
        const body = {
          apiVersion: 'certificates.k8s.io/v1',
          kind: 'CertificateSigningRequest',
          metadata: { name },
          spec: {
            request: encode(
              makeSigningRequest({ commonName: `system:node:${of.nodeName}`, organizations: ['system:nodes'] }, key),
            ),
            signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
            usages: ['digital signature', 'client auth'],
          },
        };
        await callApi(process, from, 'POST', requestsPath, { body: JSON.stringify(body) });
        requested = { name, key: keyPem(key) };
      }
      const answer = await callApi(process, from, 'GET', `${requestsPath}/${requested.name}`);
      const { status = {} } = JSON.parse(answer) as KubernetesObject;
      const certificate = status['certificate'];
      if (typeof certificate === 'string') {
        keep(process, { certificate: decode(certificate), key: requested.key });
        klog(process, 'I', 'certificate_manager.go:356', 'Certificate rotation is enabled');
        continue;
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      klog(process, 'E', 'bootstrap.go:266', `Error: ${error.message}`);
    }
    await process.work(pollMs);
  }
};

/** Neither a kubeconfig nor one to bootstrap with. */
export class NoBootstrap extends Error {
  override readonly name = 'NoBootstrap';
}
