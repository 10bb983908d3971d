import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.js';

interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Authority {
  readonly pem: string;
  readonly file: string;
  /** @param names subject alternative names, such as IP:127.0.0.1; none for a client's. */
  readonly issue: (name: string, names?: string) => IssuedCertificate;
}

/**
 * An authority of its own, made with openssl, that issues certificates of servers and clients.
 * @param folder where its files lie; default one that goes with the test
 */
export const authority = (name: string, folder = temporaryFolder()): Authority => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'];
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
  const path = (file: string): string => join(folder, file);
  const read = (file: string): string => readFileSync(path(file), 'utf8');
  openssl('req', '-x509', '-subj', `/CN=${name}`, ...key, 'ca.key', '-out', 'ca.crt');
  return {
    pem: read('ca.crt'),
    file: path('ca.crt'),
    issue: (subject, names) => {
      openssl('req', '-subj', `/CN=${subject}`, ...key, `${subject}.key`, '-out', `${subject}.csr`);
      const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1'];
      writeFileSync(path('ext'), names === undefined ? '' : `subjectAltName=${names}\n`);
      openssl('x509', '-req', '-in', `${subject}.csr`, ...ca, '-extfile', 'ext', '-out', `${subject}.crt`);
      return {
        cert: read(`${subject}.crt`),
        key: read(`${subject}.key`),
        certFile: path(`${subject}.crt`),
        keyFile: path(`${subject}.key`),
      };
    },
  };
};
