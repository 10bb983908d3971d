import { X509Certificate } from 'node:crypto';
import { readKubeconfig } from '../../kubernetes/kubeconfig.js';
import { timestamp } from '../../kubernetes/objects.js';
import type { Process } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';
import { pkiFolder } from './phases/pki.js';

const kubeconfigs = ['admin.conf', 'controller-manager.conf', 'scheduler.conf', 'super-admin.conf'];
const certificates = [
  'apiserver',
  'apiserver-etcd-client',
  'apiserver-kubelet-client',
  'etcd/healthcheck-client',
  'etcd/peer',
  'etcd/server',
  'front-proxy-client',
];

/** @param caFile of the CA, or of the CA that issued it, without its ending: without its key it is managed elsewhere. */
const expiry = (process: Process, certificate: string | undefined, caFile: string) => {
  if (certificate === undefined)
    return { expirationDate: null, residualTime: 0, externallyManaged: false, missing: true };
  const expires = Date.parse(new X509Certificate(certificate).validTo);
  return {
    expirationDate: timestamp(expires),
    residualTime: Math.floor((expires - process.machine.now()) / 1000),
    externallyManaged: !process.machine.files.exists(`${pkiFolder}/${caFile}.key`),
    missing: false,
  };
};

/** `kubeadm certs check-expiration`. */
export const checkExpiration = (process: Process, args: readonly string[]): number => {
  const { values } = parseOptions(args, 'o', ['output', 'config', 'kubeconfig']);
  const { files } = process.machine;
  const found = [
    ...kubeconfigs.map((name) => {
      const certificate = readKubeconfig(files, `/etc/kubernetes/${name}`)?.clientCertificate;
      return { name, certificate, caName: 'ca' };
    }),
    ...certificates.map((name) => {
      const certificate = files.readIfThere(`${pkiFolder}/${name}.crt`);
      const caName =
        name.startsWith('etcd') || name.includes('etcd')
          ? 'etcd-ca'
          : name.startsWith('front-proxy')
            ? 'front-proxy-ca'
            : 'ca';
      return { name: name.replace('/', '-'), certificate, caName };
    }),
  ].map(({ name, certificate, caName }) => {
    const caFile = caName === 'etcd-ca' ? 'etcd/ca' : caName;
    return { name, ...expiry(process, certificate, caFile), ...(certificate === undefined ? {} : { caName }) };
  });
  const authorities = ['ca', 'etcd/ca', 'front-proxy-ca'].map((name) => ({
    name: name.replace('/', '-'),
    ...expiry(process, files.readIfThere(`${pkiFolder}/${name}.crt`), name),
  }));
  if ((values.get('o') ?? values.get('output')) === 'json')
    process.print(
      `${JSON.stringify({ kind: 'CertificateExpirationInfo', apiVersion: 'output.kubeadm.k8s.io/v1alpha3', certificates: found, certificateAuthorities: authorities }, undefined, 2)}\n`,
    );
  else
    for (const { name, expirationDate } of found)
      process.print(`${name.padEnd(26)} ${expirationDate ?? '!MISSING!'}\n`);
  return 0;
};
