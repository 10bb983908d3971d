import { readCertificateExpiry, type CertificateExpiry } from '../adapters/kubernetes/certificates.js';
import type { Host } from '../adapters/ssh/types.js';
import { errorText } from '../model/operator-error.js';
import { sharedAuthorities, type StatusReport } from '../model/status.js';

const dayMs = 24 * 60 * 60 * 1000;
const certificateWarningDays = 30;
/** To replace a CA takes planning: all that it issued, and all that trusts it, has to follow. */
const authorityWarningDays = 90;

export type CertificateReport = Pick<StatusReport, 'certificates' | 'certificateAuthorities'> & {
  /** Why there is nothing of a host, one line each. */
  readonly unread: readonly string[];
};

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

const ends = (daysLeft: number): string =>
  daysLeft < 0 ? 'has expired' : daysLeft === 1 ? 'expires in 1 day' : `expires in ${daysLeft} days`;

/** Kubeconfigs of people: nothing that runs holds them. */
const ofPeople = new Set(['admin.conf', 'super-admin.conf']);

/** What is about to expire, or has, with what to do; and what could not be read. */
export const certificateProblems = ({ certificates, certificateAuthorities, unread }: CertificateReport): string[] => {
  const old = certificateAuthorities.filter(({ daysLeft }) => daysLeft < authorityWarningDays);
  return [
    ...certificates
      .filter(({ daysLeft }) => daysLeft < certificateWarningDays)
      .map(({ host, name, daysLeft, externallyManaged }) => {
        const remedy = externallyManaged
          ? 'the key of its CA is not on the host; have a new one issued where that is kept'
          : `renew it with \`kubeadm certs renew ${name}\` on ${host}${ofPeople.has(name) ? '' : ', then restart the static Pods there'}`;
        return `certificate ${name} of ${host} ${ends(daysLeft)}: ${remedy}`;
      }),
    ...sharedAuthorities(old).map(({ name, hosts, daysLeft, externallyManaged }) => {
      const remedy = externallyManaged
        ? 'its key is not on the hosts; have it replaced where the key is kept'
        : '`kubeadm certs renew` does not renew a CA; replace it by hand';
      return `CA ${name} of ${hosts.join(', ')} ${ends(daysLeft)}: ${remedy}, see docs/cli.md, Certificates and CAs that expire`;
    }),
    ...unread,
  ];
};
