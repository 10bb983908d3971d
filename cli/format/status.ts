import { sharedAuthorities, type EtcdMemberStatus, type StatusReport } from '../../model/status/status.js';
import { bytes, duration, printable, table } from './text.js';

const section = (title: string, rows: readonly (readonly string[])[]): string[] =>
  rows.length < 2 ? [] : [`\n${printable(title)}\n${table(rows.map((row) => ['', ...row]))}`];

const memberRow = (member: EtcdMemberStatus): string[] => [
  member.name ?? '(never started)',
  member.id,
  member.role,
  member.healthy ? 'healthy' : (member.because ?? 'not healthy'),
  member.behind === undefined ? '' : String(member.behind),
  member.dbSizeBytes === undefined ? '' : bytes(member.dbSizeBytes),
  member.version ?? '',
];

const etcdTitle = ({ etcd }: StatusReport): string => {
  if (etcd === undefined) return 'etcd';
  const { voters, quorum, tolerates, alarms } = etcd;
  const margin =
    tolerates < 0 ? 'majority lost' : `tolerates the loss of ${tolerates === 0 ? 'none' : String(tolerates)}`;
  return `etcd: ${voters} voters, majority ${quorum}, ${margin}${alarms.length === 0 ? '' : `; alarms: ${alarms.join(', ')}`}`;
};

/** The certificates that end first, one row per host. */
const firstToExpire = ({ certificates }: StatusReport): string[][] => {
  const hosts = [...new Set(certificates.map(({ host }) => host))];
  return hosts.map((host) => {
    const [first] = certificates.filter((one) => one.host === host).toSorted((a, b) => a.daysLeft - b.daysLeft);
    if (first === undefined) return [host, '', '', ''];
    return [host, first.name, first.expiresAt.slice(0, 10), left(first.daysLeft)];
  });
};

const left = (daysLeft: number): string => (daysLeft < 0 ? 'expired' : `${daysLeft} days`);

/** One row for each CA, and for each that differs from the one of the same name on other hosts. */
const authorities = ({ certificateAuthorities }: StatusReport): string[][] =>
  sharedAuthorities(certificateAuthorities).map(({ name, hosts, expiresAt, daysLeft, externallyManaged }) => [
    name,
    hosts.join(', '),
    expiresAt.slice(0, 10),
    left(daysLeft),
    externallyManaged ? 'elsewhere' : 'on the hosts',
  ]);

/** The state of a cluster as tables: what is wrong first, then every part. */
export const statusText = (report: StatusReport): string => {
  const { endpoint } = report;
  const problems =
    report.problems.length === 0
      ? 'No problems found.\n'
      : `Problems:\n${report.problems.map((problem) => `  ✗ ${printable(problem)}\n`).join('')}`;
  const reached = endpoint.ok
    ? `ok${endpoint.ms === undefined ? '' : ` in ${duration(endpoint.ms)}`}`
    : `not ok: ${endpoint.because ?? 'no answer'}`;
  return [
    `${printable(`Cluster ${report.cluster} at ${report.at}${report.askedAt === undefined ? '' : `, asked at ${report.askedAt}`}`)}\n`,
    problems,
    `\n${printable(`Endpoint ${endpoint.address}: ${reached}`)}\n`,
    ...section('API servers', [
      ['HOST', 'ADDRESS', 'READY', 'VERSION', 'WHY NOT'],
      ...report.apiServers.map(({ host, address, ready, version, because }) => [
        host,
        address,
        ready ? 'yes' : 'no',
        version ?? '',
        because ?? '',
      ]),
    ]),
    ...section('Load balancer', [
      ['LOAD BALANCER', 'BACKEND', 'ADDRESS', 'STATUS', 'LAST CHECK'],
      ...report.backends.map(({ loadBalancer, name, address, status, lastCheck }) => [
        loadBalancer,
        name,
        address,
        status,
        lastCheck,
      ]),
    ]),
    ...section(etcdTitle(report), [
      ['MEMBER', 'ID', 'ROLE', 'HEALTH', 'BEHIND', 'SIZE', 'VERSION'],
      ...(report.etcd?.members ?? []).map(memberRow),
    ]),
    ...section('Leases', [
      ['LEASE', 'HOLDER', 'RENEWED'],
      ...report.leases.map(({ name, holder, ageSeconds }) => [name, holder, `${duration(ageSeconds * 1_000)} ago`]),
    ]),
    ...section('Nodes', [
      ['NODE', 'ROLE', 'READY', 'KUBELET', 'ADDRESS', 'WHY NOT'],
      ...report.nodes.map((node) => [
        node.name,
        node.controlPlane ? 'control-plane' : 'worker',
        `${node.ready ? 'yes' : 'no'}${node.unschedulable ? ', cordoned' : ''}`,
        node.kubeletVersion,
        node.internalIp ?? '',
        node.notReadyBecause ?? '',
      ]),
    ]),
    ...section('Certificates that end first', [['HOST', 'CERTIFICATE', 'UNTIL', 'LEFT'], ...firstToExpire(report)]),
    ...section('Certificate authorities', [['CA', 'HOSTS', 'UNTIL', 'LEFT', 'KEY'], ...authorities(report)]),
  ].join('');
};
