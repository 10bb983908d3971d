import { readCertificateExpiry, type CertificateExpiry } from '../../adapters/kubernetes/certificates.js';
import type { Host } from '../../adapters/ssh/types.js';
import { errorText } from '../../model/failures/operator-error.js';
import type { StatusReport } from '../../model/status/status.js';
import type { CertificateReport } from '../../model/status/certificates.js';

const dayMs = 24 * 60 * 60 * 1000;

/** When the certificates and CAs of control-plane hosts expire; a host that cannot be asked is named in `unread`. */
export const readCertificates = async (
  hosts: readonly { readonly name: string; readonly host: Host }[],
): Promise<CertificateReport> => {
  const now = Date.now();
  const report = { certificates: [], certificateAuthorities: [], unread: [] } as {
    certificates: StatusReport['certificates'];
    certificateAuthorities: StatusReport['certificateAuthorities'];
    unread: string[];
  };
  const read = await Promise.all(
    hosts.map(async ({ name, host }) => ({
      name,
      found: await readCertificateExpiry(host).catch((error: unknown) => errorText(error)),
    })),
  );
  for (const { name: host, found } of read) {
    if (typeof found === 'string') {
      report.unread.push(`certificates of ${host} could not be read: ${found}`);
      continue;
    }
    const withDays = (one: CertificateExpiry) => ({
      host,
      ...one,
      daysLeft: Math.floor((Date.parse(one.expiresAt) - now) / dayMs),
    });
    report.certificates.push(...found.certificates.map(withDays));
    report.certificateAuthorities.push(...found.authorities.map(withDays));
  }
  return report;
};
