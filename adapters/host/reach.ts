import { peersOf } from '../../model/control-plane.js';
import { QuorateError } from '../../model/failures/failure.js';
import { parseEndpoint } from '../../model/network-address.js';
import type { OperationContext } from '../../model/operation.js';
import { definitionOf } from '../../model/operations.js';
import type { Dial, MtuProbe, ReachFacts } from '../../model/facts/reach-facts.js';
import { requireSuccess } from '../ssh/execute.js';
import type { Host, Hosts, RunOptions } from '../ssh/types.js';
import { splitPieces } from './pieces.js';
import { dialResult, reachScript, secondPatience } from './reach-script.js';
import type { DialTask } from './reach-script.js';

/** The part of an operation's context that says who must reach whom. */
export type ReachInput = Pick<OperationContext, 'target' | 'controlPlane' | 'endpoint' | 'kind'>;

interface Task {
  readonly from: string;
  /** Its name in the SSH configuration. */
  readonly ssh: string;
  readonly dials: readonly DialTask[];
}

const etcdPorts = [2379, 2380] as const;

/** Who dials what: the target the endpoint and its peers, each peer the endpoint and the target. Before init there are no peers. */
const reachTasks = ({ target, controlPlane, endpoint, kind }: ReachInput): readonly [Task, ...Task[]] => {
  const { host, port } = parseEndpoint(endpoint) ?? { host: endpoint.replace(/:\d+$/, ''), port: 6443 };
  const toEndpoint: DialTask = { to: endpoint, address: host, port };
  const { makesCluster, hasEtcdMember } = definitionOf({ kind });
  const peers = makesCluster ? [] : peersOf({ controlPlane, target });
  const toPeer = hasEtcdMember ? [6443, ...etcdPorts] : [6443];
  const toTarget = hasEtcdMember ? [6443, ...etcdPorts, 10_250] : [10_250];
  const dialsOf = (one: { name: string; address: string }, ports: readonly number[]): DialTask[] =>
    ports.map((each) => ({ to: one.name, address: one.address, port: each }));
  return [
    {
      from: target.name,
      ssh: target.ssh ?? target.name,
      dials: [toEndpoint, ...peers.flatMap((peer) => dialsOf(peer, toPeer))],
    },
    ...peers.map((peer) => ({
      from: peer.name,
      ssh: peer.ssh ?? peer.name,
      dials: [toEndpoint, ...dialsOf(target, toTarget)],
    })),
  ];
};

const runOnce = async (
  host: Host,
  { from, dials }: Pick<Task, 'from' | 'dials'>,
  options: RunOptions,
  again?: { readonly patience: number },
): Promise<ReachFacts> => {
  const what = 'dialling the endpoint and the other hosts';
  const probed = [...new Map(dials.map((dial) => [dial.to, dial.address]))];
  const script = reachScript(dials, again === undefined ? probed.map(([, address]) => address) : [], again?.patience);
  const pieces = splitPieces(from, what, requireSuccess(host, what, await host.run(script, options)));
  // 124: the time was up, so a dial that had begun was silent. Any other end, such as no bash, says nothing.
  const timeIsUp = pieces.first('dialled') === '124';
  const begun = new Set(pieces.values('dialling').map(Number));
  const unresolved = new Set(pieces.values('unresolved').map((index) => probed[Number(index)]?.[0]));
  const answers = new Map<number, { result: Dial['result']; ms?: number }>();
  for (const value of pieces.values('dial')) {
    const match = /^(\d+) (\S+) (\S+) (.*)$/.exec(value);
    if (match === null) continue;
    const seconds = Number(match[3]) - Number(match[2]);
    // Older than bash 5: no clock. Longer than any dial may take, or less than nothing: somebody set it meanwhile.
    const ms = seconds >= 0 && seconds <= secondPatience ? { ms: Math.round(seconds * 1000) } : {};
    answers.set(Number(match[1]), { result: dialResult((match[4] ?? '').trim()), ...ms });
  }
  const mtu = pieces.values('mtu').flatMap((value): MtuProbe[] => {
    const [index, size, ok] = value.split(' ');
    const to = probed[Number(index)]?.[0];
    return to === undefined ? [] : [{ from, to, size: Number(size), ok: ok === 'yes' }];
  });
  return {
    dials: dials.map(({ to, port }, index) => {
      const silent: Dial['result'] = unresolved.has(to)
        ? 'unresolved'
        : timeIsUp && begun.has(index)
          ? 'silent'
          : 'unknown';
      return { from, to, port, ...(answers.get(index) ?? { result: silent }) };
    }),
    mtu,
  };
};

const isSame = (dial: Dial, task: DialTask): boolean => dial.to === task.to && dial.port === task.port;

/** What is silent is dialled once more, with more patience, before it counts: a busy host must not fail an operation. */
const runTask = async (host: Host, task: Task, options: RunOptions): Promise<ReachFacts> => {
  const first = await runOnce(host, task, options);
  const silent = task.dials.filter((dial) => first.dials.some((one) => one.result === 'silent' && isSame(one, dial)));
  if (silent.length === 0) return first;
  const second = await runOnce(
    host,
    { from: task.from, dials: silent },
    { ...options, timeoutMs: secondPatience * 1000 + 10_000 },
    { patience: secondPatience },
  );
  return {
    ...first,
    dials: first.dials.map((dial) => second.dials.find((one) => one.to === dial.to && one.port === dial.port) ?? dial),
  };
};

const untested = ({ from, dials }: Task): ReachFacts => ({
  dials: dials.map(({ to, port }) => ({ from, to, port, result: 'unknown' })),
  mtu: [],
});

/**
 * Which ways are free between the target of an operation, the endpoint and the control-plane hosts, both ways, and
 * whether packets as large as the links allow get through. One command per host, side by side: at most about 1.5 s, and 5 s
 * more where something is silent, since that is tried again.
 *
 * A peer that SSH does not reach is not an error: its dials are `unknown`, and so is a dial to it that stayed silent,
 * as a host that is down says nothing about the way. A probe of large packets is left out where no ping is answered.
 *
 * @throws QuorateError Unreachable, CommandFailed when the target itself could not be asked.
 */
export const checkReach = async (
  hosts: Hosts,
  input: ReachInput,
  options: Pick<RunOptions, 'signal'> = {},
): Promise<ReachFacts> => {
  const [own, ...others] = reachTasks(input);
  const down = new Set<string>();
  const asked = others.map(async (task): Promise<ReachFacts> => {
    try {
      return await runTask(hosts.host(task.ssh), task, { ...options, timeoutMs: 6000 });
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      if (error.type !== 'CommandFailed') down.add(task.from);
      return untested(task);
    }
  });
  const [ownFacts, ...peerFacts] = await Promise.all([
    runTask(hosts.host(own.ssh), own, { ...options, timeoutMs: 15_000 }),
    ...asked,
  ]);
  const dials = ownFacts.dials.map((dial): Dial => {
    if (dial.result !== 'silent' || !down.has(dial.to)) return dial;
    return { from: dial.from, to: dial.to, port: dial.port, result: 'unknown' };
  });
  return {
    dials: [...dials, ...peerFacts.flatMap((facts) => facts.dials)],
    mtu: [ownFacts, ...peerFacts].flatMap((facts) => facts.mtu),
  };
};
