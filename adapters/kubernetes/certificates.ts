import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { caHashOfPem } from '../host/ca-hash.js';
import { parseJson } from '../script/parse-json.js';
import { newMark, parseSections } from '../script/sections.js';
import { execute } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';

const Expiring = z.object({
  name: z.string(),
  /** null for a file that is missing, such as super-admin.conf on every host but the first. */
  expirationDate: z.string().nullish(),
  externallyManaged: z.boolean().default(false),
});
const Expiration = z.object({
  certificates: z.array(Expiring).default([]),
  certificateAuthorities: z.array(Expiring).default([]),
});

export interface CertificateExpiry {
  /** As kubeadm calls it: apiserver, admin.conf, etcd-ca. */
  readonly name: string;
  /** ISO 8601. */
  readonly expiresAt: string;
  /** The key of the CA is not on the host. */
  readonly externallyManaged: boolean;
}

export interface Expiries {
  readonly certificates: readonly CertificateExpiry[];
  readonly authorities: readonly CertificateExpiry[];
}

const expiriesOf = (found: readonly z.infer<typeof Expiring>[]): CertificateExpiry[] =>
  found.flatMap(({ name, expirationDate, externallyManaged }) =>
    expirationDate === undefined || expirationDate === null
      ? []
      : [{ name, expiresAt: new Date(expirationDate).toISOString(), externallyManaged }],
  );

/**
 * When the certificates and CAs of a control-plane host expire (`kubeadm certs check-expiration`); without those whose
 * file is missing.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const readCertificateExpiry = async (host: Host): Promise<Expiries> => {
  const text = await execute(
    host,
    'reading the expiry of certificates',
    'kubeadm certs check-expiration -o json 2>/dev/null',
    { timeoutMs: 20_000 },
  );
  // Warnings of the cluster's configuration may come before the object.
  const start = text.indexOf('{');
  const { certificates, certificateAuthorities } = parseJson(
    Expiration,
    start === -1 ? text : text.slice(start),
    'kubeadm certs check-expiration',
    host,
  );
  return { certificates: expiriesOf(certificates), authorities: expiriesOf(certificateAuthorities) };
};

export interface KubeletCertificate {
  /** `sha256:<hex>` of the CA that the host trusts, /etc/kubernetes/pki/ca.crt. */
  readonly caHash?: string;
  /** That CA issued the kubelet's client certificate, and it is valid by the worker's clock. */
  readonly verified: boolean;
  /** Such as `CN=system:node:w1,O=system:nodes`; empty when there is no certificate. */
  readonly subject: string;
}

const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap((text) => {
    try {
      return [new X509Certificate(text)];
    } catch {
      return [];
    }
  });

/**
 * Whose CA issued the kubelet's client certificate. Of the file that holds its key as well, only the certificate is read.
 * @throws QuorateError Unreachable, CommandFailed
 */
export const readKubeletCertificate = async (host: Host): Promise<KubeletCertificate> => {
  const mark = newMark();
  const script = `
printf '\\n%s ca\\n' ${mark}; cat /etc/kubernetes/pki/ca.crt 2>/dev/null
printf '\\n%s kubelet\\n' ${mark}; sed -n '/^-----BEGIN CERTIFICATE-----$/,/^-----END CERTIFICATE-----$/p' /var/lib/kubelet/pki/kubelet-client-current.pem 2>/dev/null
true`;
  const sections = parseSections(await execute(host, "reading the kubelet's certificate", script), mark);
  const caHash = caHashOfPem(sections.get('ca') ?? '');
  const [certificate] = certificatesIn(sections.get('kubelet') ?? '');
  const now = Date.now();
  const verified =
    certificate !== undefined &&
    certificatesIn(sections.get('ca') ?? '').some(
      (ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey),
    ) &&
    // kubeadm's certificates begin 5 min before they are made
    Date.parse(certificate.validFrom) <= now + 300_000 &&
    Date.parse(certificate.validTo) > now;
  return {
    ...(caHash === undefined ? {} : { caHash }),
    verified,
    subject: certificate?.subject.split('\n').toReversed().join(',') ?? '',
  };
};
