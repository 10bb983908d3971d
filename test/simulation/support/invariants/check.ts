// What must hold at the end: every host as it was reported, and nothing lent or half done that nobody is responsible for.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulation } from '../../../../lab/simulation/index.js';
import { etcdOn } from '../../../../lab/simulation/etcd/server.js';
import { readToken } from '../../../../lab/simulation/kubernetes/tokens.js';
import type { OperationKind } from '../../../../model/operations.js';
import type { DecisionAction, OperationProgress } from '../../../../model/progress.js';
import { checkResults } from './results.js';
import type { ReportedRun } from './results.js';
import { lackingAsControlPlane, lackingAsWorker, leftOf, membersAt } from './hosts.js';
import { repeated } from './members.js';
import { Violations } from './violations.js';
import type { Watch } from './watch.js';

/** An operation as it was reported at the end: ended, or parked with a reason. */
export interface ReportedOperation {
  readonly operation: string;
  readonly kind: OperationKind;
  readonly host: string;
  readonly outcome?: OperationProgress['outcome'];
  readonly summary?: string | undefined;
  readonly blocked?: OperationProgress['blocked'];
  /** Set when an operator gave up an undo: what it would have undone is left as it is. */
  readonly gaveUp?: boolean;
  /** What people had told it to do, where that is known. */
  readonly told?: ReadonlySet<DecisionAction | 'cancel'> | undefined;
  /** The run that it speaks of, where that is known. */
  readonly run?: ReportedRun | undefined;
}

export interface CheckOptions {
  readonly simulation: Simulation;
  readonly watch: Watch;
  /** In the order in which they ended; those that are parked last. */
  readonly operations: readonly ReportedOperation[];
  /** Hosts on which a test has left something itself, or took something away. */
  readonly touched?: ReadonlySet<string>;
  /** Hosts on which a test has left something of another cluster. */
  readonly foreign?: ReadonlySet<string>;
  /** Texts that must hold no secret, such as histories, by what they are. */
  readonly texts?: ReadonlyMap<string, string>;
  /** People have done things to hosts and clusters themselves: what they made and cost is theirs. */
  readonly people?: boolean;
  /** How long the world may take to come to rest, milliseconds; default 10 000. */
  readonly settleMs?: number;
}

/**
 * What a host must be, by the reports about it. `unknown`: an operation left it as it is, or still waits with it;
 * `joined or clean`: it was joined before, and an operation about it was undone.
 */
type Expected = 'clean' | 'joined' | 'joined or clean' | 'unknown';

const afterwards = (before: Expected, { outcome, gaveUp }: ReportedOperation): Expected => {
  if (outcome === 'finished') return 'joined';
  if (gaveUp === true) return 'unknown';
  if (outcome === 'failed') return before;
  if (outcome === 'rolled-back' || outcome === 'cancelled') return before === 'joined' ? 'joined or clean' : before;
  return 'unknown';
};

/** What every host must be, by name: nobody knows what one is that people have touched since it was reported. */
const expectations = ({
  simulation,
  watch,
  operations,
  touched,
  people = false,
}: CheckOptions): Map<string, Expected> => {
  const expected = new Map<string, Expected>();
  for (const { name, kind } of simulation.hosts)
    if (kind === 'node') expected.set(name, touched?.has(name) === true ? 'unknown' : 'clean');
  const isTouched = (host: string, from: number, to: number): boolean =>
    watch.hands.touches(host).some((at) => at >= from && at <= to);
  const known = new Map<string, number>();
  for (const operation of operations) {
    const { host, run } = operation;
    const since = known.get(host) ?? 0;
    if (isTouched(host, since, run?.began ?? since)) expected.set(host, 'unknown');
    const next = afterwards(expected.get(host) ?? 'clean', operation);
    expected.set(host, run !== undefined && isTouched(host, run.began, run.closed) ? 'unknown' : next);
    if (run !== undefined) known.set(host, run.closed);
    // Where people have ended the first cluster, what had joined that is none of the next one's.
    if (people && operation.kind === 'init' && operation.outcome === 'finished')
      for (const [other, state] of expected) if (other !== host && state !== 'clean') expected.set(other, 'unknown');
  }
  for (const host of expected.keys())
    // One by another name is no Node to its kubelet when that starts anew.
    if (isTouched(host, known.get(host) ?? 0, Infinity) || simulation.host(host).machine.hostname !== host)
      expected.set(host, 'unknown');
  return expected;
};

/** What an operation has added, and has undone as it says, is not left behind dead. */
const checkUndone = ({ watch, operations }: CheckOptions, violations: Violations): void => {
  for (const { operation, host, outcome, gaveUp, run } of operations) {
    if (run === undefined || gaveUp === true || (outcome !== 'rolled-back' && outcome !== 'cancelled')) continue;
    for (const one of watch.entered)
      if (one.host === host && one.at >= run.began && one.at <= run.closed && one.isLeftDead())
        violations.add(3, `${operation} ended (${outcome}), and ${one.what}, which it had brought about, is left dead`);
  }
};

const checkEndings = (operations: readonly ReportedOperation[], violations: Violations): void => {
  for (const { operation, outcome, blocked, summary = '' } of operations) {
    if (outcome === 'terminated') violations.add('ended', `${operation} was terminated`);
    else if (outcome !== undefined) {
      if (summary.trim() === '') violations.add('ended', `${operation} ended (${outcome}) without a word`);
    } else if (blocked === undefined) violations.add('ended', `${operation} neither ended nor waits for a decision`);
    else if (blocked.message.trim() === '' || blocked.remedy.trim() === '' || blocked.choices.length === 0)
      violations.add('ended', `${operation} waits (${blocked.type}) without a reason, a remedy or a choice`);
  }
};

const toldBy = { 'rolled-back': 'rollback', aborted: 'abort', cancelled: 'cancel' } as const;

/** Only people end an operation that has changed something before it is done: whatever went wrong, it waits for them. */
const checkPatience = (operations: readonly ReportedOperation[], violations: Violations): void => {
  for (const { operation, outcome, summary = '', gaveUp = false, told } of operations) {
    if (told === undefined || outcome === undefined) continue;
    const needed = outcome in toldBy ? toldBy[outcome as keyof typeof toldBy] : undefined;
    if (needed !== undefined && !told.has(needed))
      violations.add(10, `${operation} ended (${outcome}) although nobody had said ${needed}`);
    if (outcome === 'failed' && !gaveUp && !summary.includes('Nothing was changed'))
      violations.add(10, `${operation} gave up by itself after a change: ${summary}`);
  }
};

const checkForeign = ({ watch, foreign = new Set(), operations }: CheckOptions, violations: Violations): void => {
  for (const host of foreign) {
    const isApproved = operations.some((one) => one.host === host && one.told?.has('approve') === true);
    if (watch.resets.has(host) && !isApproved)
      violations.add(5, `${host}, which carries a node of another cluster, was reset although nobody had approved it`);
  }
};

const checkMembers = (options: CheckOptions, expected: ReadonlyMap<string, Expected>, violations: Violations): void => {
  const { simulation, watch, people = false } = options;
  const at = watch.memberHost();
  // People have ended it.
  if (people && at === undefined) return;
  const members = simulation.observer.members(at);
  const label = ({ name, peerUrls }: (typeof members)[number]): string => (name === '' ? peerUrls.join() : name);
  for (const url of repeated(members.flatMap(({ peerUrls }) => peerUrls)))
    violations.add(1, `two etcd members with the peer URL ${url}`);
  if (members.length > 0 && !people && !simulation.observer.hasQuorum(at)) violations.add(1, 'etcd has no quorum');
  const owned = new Set(
    [...expected].flatMap(([host, state]) =>
      state === 'clean' ? [] : membersAt(simulation, host, at).map(({ id }) => id),
    ),
  );
  for (const member of members) {
    if (member.peerUrls.some((url) => watch.strangers.has(url)) || owned.has(member.id)) continue;
    violations.add(
      1,
      `the ${member.isLearner ? 'learner' : 'etcd member'} ${label(member)} belongs to no host that is in the cluster`,
    );
  }
};

/** The load balancers send requests to the cluster of that host, and to no other. */
const leadsTo = async ({ hosts, observer, world }: Simulation, at: string): Promise<boolean> => {
  const clusterOf = (host: string): string | undefined => {
    const machine = world.machines.get(host);
    return machine === undefined ? undefined : etcdOn(machine)?.cluster.id;
  };
  const balancers = hosts.filter(({ kind }) => kind === 'load-balancer');
  const up = (await Promise.all(balancers.map(({ name }) => observer.backends(name)))).map((backends) =>
    backends.filter(({ status }) => status.startsWith('UP')),
  );
  return up.every((backends) => backends.length > 0 && backends.every(({ name }) => clusterOf(name) === clusterOf(at)));
};

const checkHosts = async (
  options: CheckOptions,
  expected: ReadonlyMap<string, Expected>,
  violations: Violations,
): Promise<void> => {
  const { simulation, watch, operations, people = false } = options;
  const at = watch.memberHost();
  // What nobody can read, as people have ended the cluster or lead its endpoint elsewhere, is not looked at.
  if (people && (at === undefined || !simulation.observer.hasQuorum(at) || !(await leadsTo(simulation, at)))) return;
  for (const [host, state] of expected) {
    if (state === 'unknown') continue;
    const last = operations.findLast((one) => one.host === host && one.outcome === 'finished');
    const isWorker = last?.kind === 'join-worker';
    const lacking =
      state === 'clean'
        ? []
        : isWorker
          ? lackingAsWorker(simulation, host, at)
          : await lackingAsControlPlane(simulation, host, at);
    const left =
      state === 'joined' ? [] : await leftOf(simulation, host, { at, isServerOfPeople: watch.isServerOfPeople });
    if (state === 'joined' && lacking.length > 0)
      violations.add(4, `${host} was reported joined: ${lacking.join('; ')}`);
    if (state === 'clean' && left.length > 0)
      violations.add(3, `${host} was reported undone or was never joined, and has left ${left.join('; ')}`);
    if (state === 'joined or clean' && lacking.length > 0 && left.length > 0)
      violations.add(3, `${host} is neither joined (${lacking.join('; ')}) nor clean (${left.join('; ')})`);
  }
};

/** Nothing that was lent for an operation is left once nobody is responsible for it any more. */
const checkLent = async (
  { simulation, watch, operations, people = false }: CheckOptions,
  expected: ReadonlyMap<string, Expected>,
  violations: Violations,
): Promise<void> => {
  const { observer } = simulation;
  const at = watch.memberHost();
  // An operation that was aborted, or an undo that was given up, has left things as they are, and says so.
  const open = operations.filter(
    ({ outcome, gaveUp }) => outcome === undefined || outcome === 'aborted' || gaveUp === true,
  );
  const isOpen = (description: string): boolean =>
    open.some(({ operation, kind }) => description.includes(operation) || kind === 'init');
  const sharing = open.some(({ kind }) => kind !== 'join-worker');
  const secrets = people && at === undefined ? [] : observer.secrets(at);
  for (const secret of secrets) {
    if (people && watch.isOfPeople(secret)) continue;
    const { id = '', description = '' } = readToken(secret) ?? {};
    if (secret.metadata.name === 'kubeadm-certs') {
      if (!sharing) violations.add(8, 'the Secret kubeadm-certs is left');
    } else if (!isOpen(description) && !(sharing && description.includes('kubeadm-certs')))
      violations.add(
        8,
        `the token ${id} (${description}) is left, made ${secret.metadata.creationTimestamp}, labels ${JSON.stringify(secret.metadata.labels ?? {})}`,
      );
  }
  for (const { name, kind } of simulation.hosts) {
    if (kind === 'load-balancer') {
      for (const backend of await observer.backends(name)) {
        if (backend.status === 'MAINT' && expected.get(backend.name) !== 'unknown')
          violations.add(9, `the backend ${backend.name} is left disabled on ${name}`);
      }
      continue;
    }
    if (open.some(({ host }) => host === name)) continue;
    const [file] = observer.files(name, '/run/quorate');
    if (file !== undefined) violations.add(8, `${file} is left on ${name}`);
  }
};

const checkSecrets = ({ simulation, watch, texts = new Map() }: CheckOptions, violations: Violations): void => {
  for (const [what, text] of texts)
    for (const secret of watch.secrets.in(text)) violations.add(8, `${what} holds ${secret}`);
  for (const { name, machine } of simulation.hosts) {
    const logs = simulation.observer
      .files(name, '/var/log/quorate')
      .map((path) => [path, simulation.observer.read(name, path) ?? ''] as const);
    const journal = machine.journal
      .entries()
      .map(({ text }) => text)
      .join('\n');
    for (const [what, text] of [...logs, ['the journal', journal] as const])
      for (const secret of watch.secrets.in(text)) violations.add(8, `${what} of ${name} holds ${secret}`);
  }
};

const successes = /This node has joined the cluster|Your Kubernetes control-plane has initialized successfully/g;

const checkSuccesses = ({ simulation: { observer, hosts } }: CheckOptions, violations: Violations): void => {
  for (const { name } of hosts) {
    for (const log of observer.files(name, '/var/log/quorate')) {
      const count = [...(observer.read(name, log) ?? '').matchAll(successes)].length;
      if (count > 1) violations.add(7, `kubeadm succeeded ${count} times in ${log} of ${name}`);
    }
  }
};

const checkOnce = async (options: CheckOptions): Promise<Violations> => {
  const violations = new Violations();
  const expected = expectations(options);
  checkEndings(options.operations, violations);
  checkPatience(options.operations, violations);
  checkForeign(options, violations);
  checkUndone(options, violations);
  checkResults(options.operations, options.watch.hands.runs, violations);
  checkMembers(options, expected, violations);
  await checkHosts(options, expected, violations);
  await checkLent(options, expected, violations);
  checkSecrets(options, violations);
  checkSuccesses(options, violations);
  for (const defect of options.simulation.world.defects) violations.add('simulation', defect);
  return violations;
};

/**
 * Everything that is broken, in clear words: what was seen on the way, and what is still so once the world had the time
 * to come to rest. Reads the simulated world; of the product only what it reported about its operations.
 */
export const check = async (options: CheckOptions): Promise<readonly string[]> => {
  const deadline = Date.now() + (options.settleMs ?? 10_000);
  for (;;) {
    const { list } = await checkOnce(options);
    if (list.length === 0 || Date.now() > deadline) return [...options.watch.violations, ...list];
    await sleep(100);
  }
};
