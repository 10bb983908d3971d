import { z } from 'zod';
import { caHashOfPem } from '../host/ca-hash.js';
import { parseJson } from '../script/parse-json.js';
import { newMark, parseSections } from '../script/sections.js';
import { execute } from '../ssh/execute.js';
import type { Host } from '../ssh/types.js';

const Expiration = z.object({
  certificates: z
    .array(
      z.object({
        name: z.string(),
        expirationDate: z.string().optional(),
        residualTime: z.union([z.string(), z.number()]).optional(),
      }),
    )
    .default([]),
});

export interface CertificateExpiry {
  readonly name: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/**
 * When the certificates of a control-plane host expire (`kubeadm certs check-expiration`).
 * @throws QuorateError Unreachable, CommandFailed
 */
export const readCertificateExpiry = async (host: Host): Promise<readonly CertificateExpiry[]> => {
  const text = await execute(
    host,
    'reading the expiry of certificates',
    'kubeadm certs check-expiration -o json 2>/dev/null',
    { timeoutMs: 20_000 },
  );
  // Warnings of the cluster's configuration may come before the object.
  const start = text.indexOf('{');
  return parseJson(
    Expiration,
    start === -1 ? text : text.slice(start),
    'kubeadm certs check-expiration',
    host,
  ).certificates.flatMap(({ name, expirationDate }) =>
    expirationDate === undefined ? [] : [{ name, expiresAt: new Date(expirationDate).toISOString() }],
  );
};

/**
 * Whose CA issued the kubelet's client certificate. The key in the same file never leaves the host.
 * @returns hash of the CA that kubelet.conf trusts, whether that CA verifies the client certificate, and its subject
 * @throws QuorateError Unreachable
 */
export const readKubeletCertificate = async (
  host: Host,
): Promise<{ caHash?: string; verified: boolean; subject: string }> => {
  const mark = newMark();
  const script = `
crt=/var/lib/kubelet/pki/kubelet-client-current.pem
ca=/etc/kubernetes/pki/ca.crt
printf '\\n%s ca\\n' ${mark}; cat "$ca" 2>/dev/null
printf '\\n%s subject\\n' ${mark}; openssl x509 -noout -subject -nameopt RFC2253 -in "$crt" 2>/dev/null
printf '\\n%s verified\\n' ${mark}; openssl x509 -in "$crt" 2>/dev/null | openssl verify -CAfile "$ca" >/dev/null 2>&1 && echo yes || echo no`;
  const sections = parseSections(await execute(host, "reading the kubelet's certificate", script), mark);
  const caHash = caHashOfPem(sections.get('ca') ?? '');
  return {
    ...(caHash === undefined ? {} : { caHash }),
    verified: (sections.get('verified') ?? '').trim() === 'yes',
    subject: (sections.get('subject') ?? '').trim().replace(/^subject=\s*/, ''),
  };
};
