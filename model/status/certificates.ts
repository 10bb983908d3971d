import { sharedAuthorities, type StatusReport } from './status.js';

const certificateWarningDays = 30;
/** To replace a CA takes planning: all that it issued, and all that trusts it, has to follow. */
const authorityWarningDays = 90;

export type CertificateReport = Pick<StatusReport, 'certificates' | 'certificateAuthorities'> & {
  /** Why there is nothing of a host, one line each. */
  readonly unread: readonly string[];
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
