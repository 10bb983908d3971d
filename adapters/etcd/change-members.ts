import type { EtcdMember } from '../../model/facts/cluster-facts.js';
import { QuorateError } from '../../model/failures/failure.js';
import { memberLabel } from '../../model/etcd/quorum.js';
import { newMark, parseSections } from '../script/sections.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { etcdctlPrelude } from './etcdctl.js';
import { runEtcdctl } from './failures.js';

const requireHex = (id: string): string => {
  if (!/^[0-9a-f]{1,16}$/.test(id)) throw new TypeError(`not the hex id of an etcd member: ${id}`);
  return id;
};

/**
 * Removes a member if it is still the one that was projected: the same id, name, peer URLs and vote, read again in the
 * same script. One that is gone is a success. The quorum must have been projected right before.
 * @param host a survivor with its own started voter
 * @param member as the projection saw it
 * @throws QuorateError ChangedSinceCheck when it has started, was promoted or moved meanwhile: nothing was removed;
 *   EtcdUnhealthy, QuorumAtRisk, EtcdUnavailable (look again: it may have happened)
 */
export const removeMember = async (host: Host, member: EtcdMember): Promise<void> => {
  const id = requireHex(member.id);
  const mark = newMark();
  // etcdctl prints ID, STATUS, NAME, PEER ADDRS, CLIENT ADDRS, IS LEARNER
  const expected = [member.name ?? '', member.peerUrls.join(','), String(member.isLearner)].join(' ');
  const script = `${etcdctlPrelude}
listed=$(etcdctl $e --endpoints="$endpoint" --command-timeout=10s member list) || exit 1
found=$(printf '%s\\n' "$listed" | awk -F ', ' -v id=${id} '$1 "" == id { print $3 " " $4 " " $6 }')
[ -n "$found" ] || exit 0
[ "$found" = ${quote(expected)} ] || { printf '\\n%s differs\\n%s\\n' ${mark} "$found"; exit 0; }
said=$(etcdctl $e --endpoints="$endpoint" --command-timeout=10s member remove ${id} 2>&1) && exit 0
case "$said" in *'member not found'*) exit 0 ;; esac
printf '%s\\n' "$said" >&2
exit 1`;
  const text = await runEtcdctl(host, `removing etcd member ${id}`, script, { timeoutMs: 30_000 });
  const differs = parseSections(text, mark).get('differs');
  if (differs !== undefined)
    throw new QuorateError(
      'ChangedSinceCheck',
      `etcd member ${memberLabel(member)} is no longer what was projected; it was not removed`,
      {
        host: host.name,
        remedy:
          'the operation reads the cluster again by itself; when it blocks, see who else changes the members, then retry',
        evidence: [`was: ${expected}`, `is: ${differs.trim()}`],
      },
    );
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
