import type { Process } from '../../../system/process.js';
import { callEtcd, EtcdCallError, listMembers } from '../etcd-client.js';
import type { ListedMember } from '../etcd-client.js';
import type { ManifestOptions } from './manifests.js';
import { writeEtcd } from './manifests.js';
import { CommandFailure, say } from '../output.js';

/** Tries every endpoint again and again. @throws CommandFailure with the last error when the time is up */
const persistently = async <T>(
  process: Process,
  endpoints: readonly string[],
  limitMs: number,
  work: (endpoint: string) => Promise<T>,
): Promise<T> => {
  const deadline = Date.now() + limitMs * process.machine.world.timeScale;
  let last = 'no endpoints available';
  for (let round = 0; ; round += 1) {
    const endpoint = endpoints[round % Math.max(1, endpoints.length)];
    try {
      if (endpoint !== undefined) return await work(endpoint);
    } catch (error) {
      if (!(error instanceof EtcdCallError)) throw error;
      last = error.message;
    }
    if (Date.now() > deadline) throw new CommandFailure(last);
    await process.work(500);
  }
};

/**
 * Phase `check-etcd`: every member has to answer; since 1.37 a majority is enough.
 * @throws CommandFailure
 */
export const checkEtcd = async (process: Process, endpoints: readonly string[], limitMs: number): Promise<void> => {
  say(process, '[check-etcd] Checking that the etcd cluster is healthy');
  const minor = Number(process.machine.kubernetesVersion.split('.')[1]);
  const failures: string[] = [];
  for (const endpoint of endpoints) {
    try {
      await persistently(process, [endpoint], minor >= 37 ? Math.min(limitMs, 10_000) : limitMs, (at) =>
        callEtcd(process, at, '/v3/maintenance/status', {}),
      );
    } catch (error) {
      if (!(error instanceof CommandFailure)) throw error;
      failures.push(error.message);
    }
  }
  if (failures.length === 0) return;
  const majority = endpoints.length - failures.length >= Math.floor(endpoints.length / 2) + 1;
  if (minor < 37 || !majority) throw new CommandFailure(`etcd cluster is not healthy: ${failures[0]}`);
  say(
    process,
    `[etcd] cluster has quorum: ${endpoints.length - failures.length} of ${endpoints.length} members are healthy; some members are not healthy: ${failures.join('; ')}`,
  );
};

const wrapped = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw new CommandFailure(`error creating local etcd static pod manifest file: ${error.message}`);
  }
};

/** Phase `etcd-join`: adds the member as a learner, starts it, and has it promoted. @throws CommandFailure */
export const joinEtcd = (
  process: Process,
  options: ManifestOptions,
  endpoints: readonly string[],
  limitMs: number,
): Promise<void> =>
  wrapped(async () => {
    const { nodeName, advertiseAddress } = options;
    const peerUrl = `https://${advertiseAddress}:2380`;
    const { machine } = process;
    machine.files.makeDirectories('/var/lib/etcd', 0o700);
    const isOurs = ({ peerURLs }: ListedMember): boolean => peerURLs.includes(peerUrl);
    // A member that is there already is taken for the one of an earlier try.
    const members = await persistently(process, endpoints, limitMs, async (at) => {
      const listed = await listMembers(process, at);
      if (listed.some(isOurs)) return listed;
      const added = await callEtcd<{ members: readonly ListedMember[] }>(process, at, '/v3/cluster/member/add', {
        peerURLs: [peerUrl],
        isLearner: true,
      });
      return added.members;
    });
    const own = members.find(isOurs);
    say(
      process,
      '[etcd] Announced new etcd member joining to the existing etcd cluster',
      '[etcd] Creating static Pod manifest for "etcd"',
    );
    const initialCluster = members
      .map((member) => `${isOurs(member) ? nodeName : (member.name ?? '')}=${member.peerURLs[0]}`)
      .join(',');
    writeEtcd(process, { ...options, initialCluster });
    await persistently(process, endpoints, limitMs, async (at) => {
      const now = (await listMembers(process, at)).find(isOurs);
      // Not listed: it was removed. Not a learner: it votes already.
      if (now === undefined) throw new EtcdCallError('etcdserver: member not found');
      if (now.isLearner !== true) return;
      await callEtcd(process, at, '/v3/cluster/member/promote', { ID: own?.ID });
    });
    say(process, '[etcd] Waiting for the new etcd member to join the cluster. This can take up to 40s');
    await waitForMembers(process, [...endpoints, `https://${advertiseAddress}:2379`], limitMs);
  });

const waitForMembers = async (process: Process, endpoints: readonly string[], limitMs: number): Promise<void> => {
  for (let round = 1; round <= 8; round += 1) {
    try {
      for (const endpoint of endpoints)
        await callEtcd(process, endpoint, '/v3/maintenance/status', {}, Math.min(2_000, limitMs));
      return;
    } catch (error) {
      if (!(error instanceof EtcdCallError)) throw error;
    }
    await process.work(5_000);
  }
  throw new CommandFailure('timeout waiting for etcd cluster to be available');
};
