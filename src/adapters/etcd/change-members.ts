import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { etcdctlPrelude } from './etcdctl.js';
import { runEtcdctl } from './failures.js';

const requireHex = (id: string): string => {
  if (!/^[0-9a-f]{1,16}$/.test(id)) throw new TypeError(`not the hex id of an etcd member: ${id}`);
  return id;
};

/**
 * Removes a member by its id; one that is gone is a success. The quorum must have been projected right before.
 * @param host a survivor with its own started voter
 * @throws QuorateError EtcdUnhealthy, QuorumAtRisk, EtcdUnavailable (look again: it may have happened)
 */
export const removeMember = async (host: Host, id: string): Promise<void> => {
  const script = `${etcdctlPrelude}
said=$(etcdctl $e --endpoints="$endpoint" --command-timeout=10s member remove ${requireHex(id)} 2>&1) && exit 0
case "$said" in *'member not found'*) exit 0 ;; esac
printf '%s\\n' "$said" >&2
exit 1`;
  await runEtcdctl(host, `removing etcd member ${id}`, script, { timeoutMs: 20_000 });
};

/**
 * Moves the leadership to another voter. Asked at the leader itself, as a follower refuses.
 * @param leaderUrls client URLs of the leader
 * @throws QuorateError EtcdUnavailable, CommandFailed ("bad leader transferee" for a learner)
 */
export const moveLeader = async (host: Host, leaderUrls: readonly string[], toId: string): Promise<void> => {
  const script = `${etcdctlPrelude}
etcdctl $e --endpoints=${quote(leaderUrls.join(','))} --command-timeout=10s move-leader ${requireHex(toId)} >/dev/null`;
  await runEtcdctl(host, `moving the etcd leadership to ${toId}`, script, { timeoutMs: 20_000 });
};
