import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.js';

export interface CertificateAuthority {
  readonly pem: string;
  /** A client certificate for a kubelet, as the kubelet keeps it: without the key, which only openssl saw. */
  kubelet(node: string, days?: number): string;
}

/** A CA of its own, made with openssl. */
export const certificateAuthority = (name: string): CertificateAuthority => {
  const folder = temporaryFolder();
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'];
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
  openssl('req', '-x509', '-subj', `/CN=${name}`, ...key, 'ca.key', '-out', 'ca.crt');
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  return {
    pem: read('ca.crt'),
    kubelet: (node, days = 1) => {
      openssl('req', '-subj', `/O=system:nodes/CN=system:node:${node}`, ...key, 'kubelet.key', '-out', 'kubelet.csr');
      const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)];
      openssl('x509', '-req', '-in', 'kubelet.csr', ...ca, '-out', 'kubelet.crt');
      return read('kubelet.crt');
    },
  };
};
