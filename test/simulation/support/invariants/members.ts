import type { EtcdCluster } from '../../../../lab/simulation/etcd/cluster.js';
import { hostOfUrl } from '../../../../lab/simulation/etcd/member.js';
import type { OperationKind } from '../../../../model/operations.js';
import type { World } from '../../../../lab/simulation/world.js';
import { actorOf } from './actors.js';
import type { Actor } from './actors.js';
import type { Hands } from './hands.js';
import type { Violations } from './violations.js';
import type { Asked } from './watch.js';

/** The members in one line, such as `voter cp1, learner https://10.203.0.12:2380`. */
export const membersOf = (cluster: EtcdCluster): string =>
  cluster
    .members()
    .map(
      ({ name, isLearner, peerUrls }) => `${isLearner ? 'learner' : 'voter'} ${name === '' ? peerUrls.join() : name}`,
    )
    .join(', ');

/** Values that are there more than once. */
export const repeated = (values: readonly string[]): string[] => [
  ...new Set(values.filter((value, index) => values.indexOf(value) !== index)),
];

/**
 * Looks at the members of a cluster whenever they change. What becomes of healthy ones by a fault is no change of ours,
 * what people change is theirs, and what was there when the watch began is taken as it was.
 * @param isNew the cluster came to be under watch
 */
export const watchMembers = (
  cluster: EtcdCluster,
  world: World,
  { asked, hands, violations, isNew }: { asked: Asked; hands: Hands; violations: Violations; isNew: boolean },
): void => {
  const kindOf = (url: string): readonly [string, OperationKind | undefined] => {
    const name = world.network.at(hostOfUrl(url))?.name;
    return [name ?? url, name === undefined ? undefined : asked.kinds.get(name)];
  };
  const isTouched = (host: string): boolean => hands.isBusy(host) || hands.touches(host).length > 0;
  const [first, kind] = kindOf(cluster.members()[0]?.peerUrls[0] ?? '');
  if (isNew && kind !== 'init' && !isTouched(first))
    violations.add(1, `a new etcd cluster began on ${first}, which nobody initialises`);
  const known = new Set(cluster.members().map(({ id }) => id));
  let voters = cluster.voters.map(({ id }) => id).join();
  let changedBy: Actor | undefined;
  cluster.onMember(({ by }) => (changedBy = actorOf(by)));
  const look = (): void => {
    const members = cluster.members();
    const list = membersOf(cluster);
    const learners = members.filter(({ isLearner }) => isLearner);
    if (learners.length > 1) violations.add(1, `two learners at once: ${list}`);
    for (const url of repeated(members.flatMap(({ peerUrls }) => peerUrls)))
      violations.add(1, `two etcd members with the peer URL ${url}: ${list}`);
    for (const name of repeated(members.flatMap((member) => (member.name === '' ? [] : [member.name]))))
      violations.add(1, `two etcd members called ${name}: ${list}`);
    for (const { id, peerUrls } of members) {
      if (known.has(id)) continue;
      known.add(id);
      const [url = ''] = peerUrls;
      if (asked.strangers.has(url)) continue;
      const [name, its] = kindOf(url);
      if (its !== 'join-control-plane' && !isTouched(name))
        violations.add(1, `etcd got a member for ${name}, which nobody joins as control plane: ${list}`);
    }
    const now = cluster.voters.map(({ id }) => id).join();
    if (now === voters) return;
    voters = now;
    const actor = changedBy;
    changedBy = undefined;
    if (actor === 'person') return;
    // Without regard to the leader, which may just have been removed: those who could elect one.
    const able = cluster.voters.filter(
      (voter) =>
        voter.running !== undefined && !voter.running.machine.isFrozen && cluster.heardBy(voter) >= cluster.quorum,
    ).length;
    if (able < cluster.quorum)
      violations.add(
        1,
        `a change of the members left ${able} healthy of ${cluster.voters.length} voters, ${cluster.quorum} are needed: ${list}`,
      );
  };
  look();
  cluster.onChange(look);
};
