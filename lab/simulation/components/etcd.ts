import { joinPath } from '../files/file-system.js';
import type { FileSystem } from '../files/file-system.js';
import { EtcdCluster } from '../etcd/cluster.js';
import { EtcdServer, etcdVersionOf } from '../etcd/server.js';
import { hostOfUrl } from '../etcd/member.js';
import type { Member } from '../etcd/member.js';
import type { Service } from '../network/service.js';
import type { Process, Program } from '../system/process.js';
import { parseFlags } from './flags.js';

/** What a member keeps on its disk of who it is; the store itself is the cluster's. */
interface Data {
  readonly cluster: string;
  readonly member: string;
}

const walFile = 'member/wal/0000000000000000-0000000000000000.wal';

const startMs = 250;

const log = (process: Process, level: string, message: string, more: Readonly<Record<string, unknown>> = {}): void =>
  process.complain(
    `${JSON.stringify({ level, ts: new Date(process.machine.now()).toISOString(), caller: 'etcdmain/etcd.go:65', msg: message, ...more })}\n`,
  );

/** Whose data is in a folder; undefined where there is none. */
export const readData = (files: FileSystem, folder = '/var/lib/etcd'): Data | undefined => {
  const text = files.readIfThere(joinPath(folder, walFile));
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as Data);
};

const writeData = (process: Process, folder: string, data: Data): void => {
  const { files } = process.machine;
  files.makeDirectories(joinPath(folder, 'member/wal'), 0o700);
  files.makeDirectories(joinPath(folder, 'member/snap'), 0o700);
  files.write(joinPath(folder, walFile), JSON.stringify(data), 0o600);
  files.write(joinPath(folder, 'member/snap/db'), '', 0o600);
};

type Start = { readonly cluster: EtcdCluster; readonly member: Member } | { readonly failed: number };

/** Who it is that starts: from its data, as the first of a new cluster, or as one that another member has added. */
const whoStarts = (process: Process, flags: ReadonlyMap<string, string>): Start => {
  const { machine } = process;
  const { world } = machine;
  const folder = flags.get('data-dir') ?? '/var/lib/etcd';
  const own = flags.get('initial-advertise-peer-urls') ?? '';
  const data = readData(machine.files, folder);
  if (data !== undefined) {
    const cluster = world.etcdClusters.get(data.cluster);
    const member = cluster?.member(data.member);
    if (cluster !== undefined && member !== undefined) return { cluster, member };
    log(
      process,
      'warn',
      'the member has been permanently removed from the cluster; the data-dir used by this member must be removed',
      { 'data-dir': folder },
    );
    return { failed: 0 };
  }
  if (flags.get('initial-cluster-state') !== 'existing') {
    const cluster = new EtcdCluster(world);
    world.etcdClusters.set(cluster.id, cluster);
    const member = cluster.enter([own], false);
    writeData(process, folder, { cluster: cluster.id, member: member.id });
    return { cluster, member };
  }
  // Asks the members that it was told of.
  for (const peer of (flags.get('initial-cluster') ?? '').split(',')) {
    const url = peer.slice(peer.indexOf('=') + 1);
    if (url === own) continue;
    const { verdict, listener } = machine.network.verdict(hostOfUrl(url), 2380);
    const server = verdict === 'open' ? listener?.service : undefined;
    if (!(server instanceof PeerService)) continue;
    const member = server.cluster.members().find(({ peerUrls }) => peerUrls.includes(own));
    if (member === undefined) {
      log(process, 'fatal', 'discovery failed', { error: 'error validating peerURLs: member count is unequal' });
      return { failed: 1 };
    }
    if (member.name !== '') {
      // It confirmed entries once that it does not have.
      process.complain(
        `panic: tocommit(${server.cluster.raftIndex}) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?\n\ngoroutine 1 [running]:\n`,
      );
      return { failed: 2 };
    }
    writeData(process, folder, { cluster: server.cluster.id, member: member.id });
    return { cluster: server.cluster, member };
  }
  log(process, 'fatal', 'discovery failed', {
    error: 'cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs',
  });
  return { failed: 1 };
};

/** The peer port. */
class PeerService implements Service {
  readonly protocol = 'raft';
  constructor(readonly cluster: EtcdCluster) {}
}

/** etcd, as kubeadm's static Pod starts it. */
export const etcd: Program = async (process, args) => {
  const flags = parseFlags(args);
  const { machine } = process;
  const { files } = machine;
  log(process, 'info', 'starting an etcd server', { 'etcd-version': etcdVersionOf(machine) });
  const [certificate, clientCa] = [flags.get('cert-file'), flags.get('trusted-ca-file')].map((path) =>
    path === undefined ? undefined : files.readIfThere(path),
  );
  if (certificate === undefined || clientCa === undefined) {
    log(process, 'fatal', 'discovery failed', { error: `open ${flags.get('cert-file')}: no such file or directory` });
    return 1;
  }
  await process.work(startMs);
  const start = whoStarts(process, flags);
  if ('failed' in start) return start.failed;
  const { cluster, member } = start;
  const server = new EtcdServer(cluster, member, machine, { certificate, clientCa });
  const peer = new PeerService(cluster);
  const address = hostOfUrl(flags.get('initial-advertise-peer-urls') ?? '');
  const ports = [
    { port: 2379, address: '127.0.0.1', service: server },
    { port: 2379, address, service: server },
    { port: 2380, address, service: peer },
    { port: 2381, address: '127.0.0.1', service: { http: ({ path }: { path: string }) => server.health(path) } },
  ];
  for (const one of ports) machine.listen({ ...one, process, name: 'etcd' });
  const clientUrls = [flags.get('advertise-client-urls') ?? `https://${address}:2379`];
  cluster.started(member, flags.get('name') ?? machine.hostname, clientUrls, machine, process);
  log(process, 'info', 'ready to serve client requests');
  try {
    await process.during(new Promise(() => undefined));
    return 0;
  } finally {
    machine.closePorts(process);
    cluster.stopped(member, process);
  }
};
