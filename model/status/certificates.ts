import { sharedAuthorities, type StatusReport } from './status.js';

const certificateWarningDays = 30;
/** Replacing a CA takes planning: everything that it issued, and everything that trusts it, has to follow. */
const authorityWarningDays = 90;

export type CertificateReport = Pick<StatusReport, 'certificates' | 'certificateAuthorities'> & {
  /** Hosts whose certificates could not be read, and why, one line each. */
  readonly unread: readonly string[];
};

const ends = (daysLeft: number): string =>
  daysLeft < 0 ? 'has expired' : daysLeft === 1 ? 'expires in 1 day' : `expires in ${daysLeft} days`;

/** Kubeconfigs for people: no component has to be restarted for them. */
const ofPeople = new Set(['admin.conf', 'super-admin.conf']);

/** What has expired or soon will, each with the remedy, and what could not be read. */
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
