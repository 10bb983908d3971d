import type { Machine } from '../system/machine.js';
import type { Process } from '../system/process.js';
import type { World } from '../world.js';
import { EtcdError, refusals } from './errors.js';
import { hostOfUrl, newId } from './member.js';
import type { Member } from './member.js';

const electionMs = 1_200;
/** etcd wants every voter connected for so long before it takes another member. */
const healthMs = 5_000;
/** How long a removed member goes on before it ends itself. */
const removedMs = 2_500;
const peerPort = 2380;

const byOf = (by: Process | undefined): { by?: Process } => (by === undefined ? {} : { by });

/** What a cluster stores: objects by key, with the revision that wrote them. */
export interface Stored {
  readonly value: unknown;
  readonly revision: number;
}

/** What has become of a member, and the process that asked for it; absent for one that began a cluster. */
export interface MemberChange {
  readonly what: 'added' | 'promoted' | 'removed';
  readonly member: Member;
  readonly by?: Process;
}

/**
 * An etcd cluster: its members, who leads them, and what they store. Members that run are hosts' own processes; the
 * store itself is one, as members that have caught up have the same.
 */
export class EtcdCluster {
  readonly id = newId();
  readonly #members = new Map<string, Member>();
  readonly #removed = new Set<string>();
  readonly store = new Map<string, Stored>();
  revision = 1;
  raftIndex = 4;
  term = 2;
  leader: Member | undefined;
  readonly alarms = new Set<string>();
  #stopElection: (() => void) | undefined;
  #listeners = new Set<() => void>();
  #memberListeners = new Set<(change: MemberChange) => void>();

  constructor(private readonly world: World) {
    world.network.onLinksChanged(() => this.evaluate());
  }

  members(): readonly Member[] {
    return [...this.#members.values()];
  }

  member(id: string): Member | undefined {
    return this.#members.get(id);
  }

  wasRemoved(id: string): boolean {
    return this.#removed.has(id);
  }

  get voters(): readonly Member[] {
    return this.members().filter(({ isLearner }) => !isLearner);
  }

  get quorum(): number {
    return Math.floor(this.voters.length / 2) + 1;
  }

  /** Called when somebody begins or ceases to lead, or a member comes or goes. */
  onChange(tell: () => void): void {
    this.#listeners.add(tell);
  }

  /** Called with each change of the members that somebody asked for, after it. */
  onMember(tell: (change: MemberChange) => void): () => void {
    this.#memberListeners.add(tell);
    return () => this.#memberListeners.delete(tell);
  }

  #tell(): void {
    for (const tell of this.#listeners) tell();
  }

  /** Whether two members hear each other. */
  #connected(a: Member, b: Member): boolean {
    const [from, to] = [a.running?.machine, b.running?.machine];
    if (from === undefined || to === undefined || from.isFrozen || to.isFrozen) return false;
    if (from === to) return true;
    const { network } = this.world;
    const open = (one: Machine, other: Member): boolean =>
      network.verdict(one, hostOfUrl(other.peerUrls[0] ?? ''), peerPort).verdict === 'open';
    return open(from, b) && open(to, a);
  }

  /** Voters that a member hears, itself among them. */
  heardBy(member: Member): number {
    return this.voters.filter((voter) => voter === member || this.#connected(member, voter)).length;
  }

  #canLead(member: Member): boolean {
    return (
      !member.isLearner &&
      member.running !== undefined &&
      !member.running.machine.isFrozen &&
      this.heardBy(member) >= this.quorum
    );
  }

  /** Looks who leads and who follows, after something has changed. */
  evaluate(): void {
    const now = Date.now();
    if (this.leader !== undefined && (!this.#members.has(this.leader.id) || !this.#canLead(this.leader))) {
      this.leader = undefined;
      this.#tell();
    }
    for (const member of this.members()) {
      const follows = this.leader !== undefined && (member === this.leader || this.#connected(member, this.leader));
      if (follows) {
        member.connectedSince ??= now;
        if (!member.isLearner) member.appliedIndex = this.raftIndex;
      } else {
        if (member.isLearner) member.appliedIndex = this.appliedBy(member);
        member.connectedSince = undefined;
      }
    }
    if (this.leader === undefined && this.#stopElection === undefined) this.#elect();
  }

  #elect(): void {
    const candidates = this.voters.filter((voter) => this.#canLead(voter));
    if (candidates.length === 0) return;
    const timer = setTimeout(
      () => {
        this.#stopElection = undefined;
        if (this.leader !== undefined) return;
        const able = this.voters.filter((voter) => this.#canLead(voter));
        const most = Math.max(...able.map(({ appliedIndex }) => appliedIndex));
        const next = able.find(({ appliedIndex }) => appliedIndex === most);
        if (next === undefined) return;
        this.#lead(next);
      },
      // The first member of a new cluster has nobody to ask.
      (this.#members.size === 1 ? 100 : electionMs) * this.world.timeScale,
    );
    this.#stopElection = () => clearTimeout(timer);
  }

  #lead(member: Member): void {
    this.leader = member;
    this.term += 1;
    this.raftIndex += 1;
    this.evaluate();
    this.#tell();
  }

  /** Whether a member knows a leader. */
  hasLeader(member: Member): boolean {
    return this.leader !== undefined && (member === this.leader || this.#connected(member, this.leader));
  }

  /** Index that a member has applied: a learner that has just begun lags behind. */
  appliedBy(member: Member): number {
    if (member.connectedSince === undefined) return member.appliedIndex;
    if (!member.isLearner) return this.raftIndex;
    const { learnerSyncMs = 0, lossPercent = 0 } = member.running?.machine ?? {};
    const syncMs = (learnerSyncMs * this.world.timeScale) / (1 - lossPercent / 100) ** 4;
    const share = syncMs === 0 ? 1 : Math.min(1, (Date.now() - member.connectedSince) / syncMs);
    return Math.max(member.appliedIndex, Math.floor(this.raftIndex * share));
  }

  isInSync(member: Member): boolean {
    return member.connectedSince !== undefined && this.appliedBy(member) >= this.raftIndex * 0.9;
  }

  /** @throws EtcdError when nobody leads whom this member hears. */
  requireLeader(member: Member): Member {
    if (this.leader === undefined || !this.hasLeader(member)) throw refusals.noLeader();
    return this.leader;
  }

  /** Every voter has followed for a while. */
  get #isSettled(): boolean {
    const since = Date.now() - healthMs * this.world.timeScale;
    return this.voters.every(
      (voter) => voter === this.leader || (voter.connectedSince !== undefined && voter.connectedSince <= since),
    );
  }

  /** @throws EtcdError */
  addMember(at: Member, peerUrls: readonly string[], isLearner: boolean, by?: Process): Member {
    this.requireLeader(at);
    if (this.members().some((one) => one.peerUrls.some((url) => peerUrls.includes(url))))
      throw refusals.peerUrlExists();
    if (!this.#isSettled) throw refusals.unhealthyCluster();
    if (isLearner && this.members().some((one) => one.isLearner)) throw refusals.tooManyLearners();
    const member = this.enter(peerUrls, isLearner);
    this.#changedMembers({ what: 'added', member, ...byOf(by) });
    return member;
  }

  /** Puts a member into the list without asking anybody, as the first of a new cluster. */
  enter(peerUrls: readonly string[], isLearner: boolean): Member {
    const member: Member = {
      id: newId(),
      peerUrls,
      name: '',
      clientUrls: [],
      isLearner,
      appliedIndex: 0,
      running: undefined,
      connectedSince: undefined,
    };
    this.#members.set(member.id, member);
    return member;
  }

  #changedMembers(change: MemberChange): void {
    this.raftIndex += 1;
    for (const tell of Array.from(this.#memberListeners)) tell(change);
    this.evaluate();
    this.#tell();
  }

  /** @throws EtcdError */
  promote(at: Member, id: string, by?: Process): void {
    this.requireLeader(at);
    const member = this.#members.get(id);
    if (member === undefined) throw refusals.memberNotFound();
    if (!member.isLearner) throw refusals.notLearner();
    if (member.name === '' || !this.isInSync(member)) throw refusals.learnerNotReady();
    member.appliedIndex = this.raftIndex;
    member.isLearner = false;
    // A new voter has to be connected for a while like every other.
    member.connectedSince = Date.now();
    this.#changedMembers({ what: 'promoted', member, ...byOf(by) });
  }

  /** @throws EtcdError */
  remove(at: Member, id: string, by?: Process): void {
    this.requireLeader(at);
    const member = this.#members.get(id);
    if (member === undefined) throw refusals.memberNotFound();
    if (!member.isLearner) {
      const started = this.voters.filter((voter) => voter !== member && voter.name !== '').length;
      if (started < Math.floor((this.voters.length - 1) / 2) + 1 || this.voters.length === 1)
        throw refusals.notEnoughStarted();
      if (member.connectedSince !== undefined) {
        const active = this.voters.filter(({ connectedSince }) => connectedSince !== undefined).length;
        if (active - 1 < 1 + Math.floor((this.voters.length - 1) / 2) && this.voters.length > 2)
          throw refusals.unhealthyCluster();
        if (this.voters.length === 2 && active < 2) throw refusals.unhealthyCluster();
      }
    }
    this.#members.delete(id);
    this.#removed.add(id);
    const { running } = member;
    if (running !== undefined)
      running.machine.after(removedMs, () => {
        if (running.process.status === undefined) running.process.kill(2);
      });
    this.#changedMembers({ what: 'removed', member, ...byOf(by) });
  }

  /** @throws EtcdError */
  moveLeader(at: Member, id: string): void {
    if (this.requireLeader(at) !== at) throw new EtcdError('etcdserver: not leader');
    const target = this.#members.get(id);
    if (target === undefined || target.isLearner) throw refusals.badTransferee();
    if (!this.#canLead(target)) throw new EtcdError('context deadline exceeded', 4);
    this.#lead(target);
  }

  /** A member's etcd has started. */
  started(member: Member, name: string, clientUrls: readonly string[], machine: Machine, process: Process): void {
    member.name = name;
    member.clientUrls = clientUrls;
    member.running = { machine, process };
    this.evaluate();
    this.#tell();
  }

  stopped(member: Member, process: Process): void {
    if (member.running?.process !== process) return;
    member.appliedIndex = this.appliedBy(member);
    member.running = undefined;
    this.evaluate();
    this.#tell();
  }

  /** @throws EtcdError */
  put(at: Member, key: string, value: unknown): number {
    this.requireLeader(at);
    if (this.alarms.size > 0) throw refusals.noSpace();
    this.revision += 1;
    this.raftIndex += 1;
    this.store.set(key, { value, revision: this.revision });
    return this.revision;
  }

  /** @throws EtcdError */
  delete(at: Member, key: string): void {
    this.requireLeader(at);
    if (!this.store.delete(key)) return;
    this.revision += 1;
    this.raftIndex += 1;
  }

  /** Size of the database, bytes, whole pages: a guess by the number of keys, as nobody counts them. */
  get sizeBytes(): number {
    return Math.ceil((1_400_000 + this.store.size * 2_048) / 4096) * 4096;
  }
}
