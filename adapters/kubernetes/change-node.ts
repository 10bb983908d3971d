import { setTimeout as sleep } from 'node:timers/promises';
import { QuorateError } from '../../model/failures/failure.js';
import type { NodeFacts } from '../../model/facts/cluster-facts.js';
import { sameAddress } from '../../model/network-address.js';
import { parseJson } from '../script/parse-json.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { apiGet } from './api-get.js';
import { kubectl } from './kubectl.js';
import { KubernetesNode, nodeFacts } from './node.js';
import { runKubectl } from './run-kubectl.js';

/** A Node as it was at one version of it: what is decided from it can be done to that version alone. */
export interface NodeReading extends NodeFacts {
  readonly resourceVersion?: string;
}

/**
 * A Node, or undefined when there is none of that name. Asked at the API server of `address` on `host`.
 * @throws QuorateError ApiUnavailable, CommandFailed, Unreachable
 */
export const readNode = async (host: Host, address: string, name: string): Promise<NodeReading | undefined> => {
  const [answer] = await apiGet(host, address, `reading Node ${name}`, [`/api/v1/nodes/${encodeURIComponent(name)}`]);
  if (answer?.status !== 200) return undefined;
  const node = parseJson(KubernetesNode, answer.body, `GET Node ${name}`, host);
  const { resourceVersion } = node.metadata;
  return { ...nodeFacts(node), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
};

/**
 * Deletes a Node only if it is still what was read, by its uid and resourceVersion: the API server compares them in the
 * same breath (preconditions of DeleteOptions). `changed`: it has been written since, or is another one; it was left.
 * @throws QuorateError ApiUnavailable, CommandFailed, Unreachable
 */
export const deleteNode = async (
  host: Host,
  address: string,
  { name, uid, resourceVersion }: Pick<NodeReading, 'name' | 'uid' | 'resourceVersion'>,
): Promise<'deleted' | 'gone' | 'changed'> => {
  const preconditions = { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions });
  const path = `/api/v1/nodes/${encodeURIComponent(name)}`;
  try {
    await runKubectl(host, `deleting Node ${name}`, `${kubectl(address)} delete --raw ${quote(path)} -f -`, {
      stdin: body,
    });
    return 'deleted';
  } catch (error) {
    const said = error instanceof QuorateError ? error.details.evidence.join('\n') : '';
    // kubectl's words.
    const [, why] = /^Error from server \((NotFound|Conflict)\)/m.exec(said) ?? [];
    if (why === undefined) throw error;
    return why === 'NotFound' ? 'gone' : 'changed';
  }
};

/** A kubelet writes its Node now and then: what does not change the answer is asked about again. */
const deleteTries = 5;

/**
 * Deletes a Node as long as what is read of it right before still allows it.
 * @param allows asked of each reading; throws, or answers false to leave the Node
 * @returns the Node that was deleted; undefined when there is none, or it was left
 * @throws QuorateError ApiUnavailable when it changes faster than it can be decided about, and what `allows` throws
 */
export const deleteNodeIf = async (
  host: Host,
  address: string,
  name: string,
  allows: (node: NodeFacts) => boolean,
): Promise<NodeFacts | undefined> => {
  for (let attempt = 0; attempt < deleteTries; attempt++) {
    const node = await readNode(host, address, name);
    if (node === undefined || !allows(node)) return undefined;
    const outcome = await deleteNode(host, address, node);
    if (outcome === 'deleted') return node;
    if (outcome === 'gone') return undefined;
  }
  throw new QuorateError('ApiUnavailable', `Node ${name} changed each time before it could be deleted`, {
    host: name,
    remedy: `see who writes it (\`kubectl get node ${name} -w\`); it is tried again by itself for a while`,
  });
};

/**
 * Sets labels and taints that the specification asks for and that are not there yet; nothing else is touched.
 * @throws QuorateError ApiUnavailable, CommandFailed
 */
export const setNodeLabelsAndTaints = async (
  host: Host,
  address: string,
  name: string,
  wanted: {
    labels: Readonly<Record<string, string>>;
    taints: readonly { key: string; value?: string | undefined; effect: string }[];
  },
): Promise<void> => {
  const k = kubectl(address);
  const labels = Object.entries(wanted.labels).map(([key, value]) => quote(`${key}=${value}`));
  const taints = wanted.taints.map(({ key, value, effect }) => quote(`${key}=${value ?? ''}:${effect}`));
  const commands = [
    ...(labels.length === 0 ? [] : [`${k} label node ${quote(name)} --overwrite ${labels.join(' ')} >/dev/null`]),
    ...(taints.length === 0 ? [] : [`${k} taint node ${quote(name)} --overwrite ${taints.join(' ')} >/dev/null`]),
  ];
  if (commands.length > 0) await runKubectl(host, `labelling Node ${name}`, ['set -eu', ...commands].join('\n'));
};

/** The kubelet's words while no CNI plugin has been applied: everything else of the Node is in order. */
const lacksNetworkOnly = (node: NodeFacts): boolean =>
  /NetworkPluginNotReady|cni plugin not initialized|cni config uninitialized/i.test(node.notReadyBecause ?? '');

/** How long a Node has to lack nothing but its network before that is taken for its final state. */
const networkGraceMs = 3_000;
const pollMs = (waitedMs: number): number => (waitedMs < 30_000 ? 250 : 1_000);

/** The machine that a Node has to be of. */
export interface NodeMachine {
  /** /etc/machine-id; empty where the host has none. */
  readonly machineId: string;
  readonly address: string;
}

/** A kubelet tells the machine-id of its own machine; its name is what somebody has given it. */
const isOfMachine = (node: NodeFacts, { machineId, address }: NodeMachine): boolean =>
  machineId === '' ? sameAddress(node.internalIp ?? '', address) : node.machineId === machineId;

/**
 * Reads a Node until it is Ready and of the machine that is meant; it need not exist at first.
 * @param options.machine a Ready Node of another one is what an earlier machine has left, or is another host
 * @param options.acceptMissingNetwork also returns when for 3 s all it lacks is a CNI plugin; default false
 * @throws QuorateError IdentityConflict when it is still of another machine then, NodeNotReady with the Ready condition's own words when it is not within `timeoutMs`, ApiUnavailable when
 *   the API server did not answer at the end of it; the signal's reason
 */
export const waitForNodeReady = async (
  host: Host,
  address: string,
  name: string,
  options: {
    readonly timeoutMs: number;
    readonly machine: NodeMachine;
    readonly signal?: AbortSignal;
    readonly acceptMissingNetwork?: boolean;
  },
): Promise<NodeFacts> => {
  const started = performance.now();
  let networkMissingSince: number | undefined;
  for (;;) {
    const read = await readNode(host, address, name).catch(unlessTransient);
    const node = read instanceof QuorateError ? undefined : read;
    const now = performance.now();
    const isOurs = node !== undefined && isOfMachine(node, options.machine);
    if (isOurs && node.ready) return node;
    networkMissingSince = isOurs && lacksNetworkOnly(node) ? (networkMissingSince ?? now) : undefined;
    const networkMissing = networkMissingSince !== undefined && now - networkMissingSince >= networkGraceMs;
    if (isOurs && networkMissing && options.acceptMissingNetwork === true) return node;
    if (now - started >= options.timeoutMs) {
      if (read instanceof QuorateError) throw read;
      throw node === undefined || isOurs
        ? notReady(name, node, options.timeoutMs)
        : otherMachine(node, options.machine);
    }
    await sleep(pollMs(now - started), undefined, { signal: options.signal }).catch(() =>
      options.signal?.throwIfAborted(),
    );
  }
};

/** An API server that restarts just after a join is no reason to stop waiting. */
const unlessTransient = (error: unknown): QuorateError => {
  if (error instanceof QuorateError && error.type === 'ApiUnavailable') return error;
  throw error;
};

const otherMachine = (node: NodeFacts, { machineId, address }: NodeMachine): QuorateError =>
  new QuorateError('IdentityConflict', `Node ${node.name} is of another machine than ${node.name}`, {
    host: node.name,
    remedy: `see which kubelet registers as ${node.name} (hostname-override in /var/lib/kubelet/kubeadm-flags.env, a clone) and stop it, then retry`,
    evidence: [
      `Node ${node.name}: machine-id ${node.machineId}, address ${node.internalIp ?? 'unknown'}`,
      `host ${node.name}: machine-id ${machineId === '' ? 'none' : machineId}, address ${address}`,
    ],
  });

const notReady = (name: string, node: NodeFacts | undefined, timeoutMs: number): QuorateError => {
  const because = node?.notReadyBecause ?? '';
  const after = `after ${Math.round(timeoutMs / 1000)} s`;
  return new QuorateError(
    'NodeNotReady',
    node === undefined ? `there is no Node ${name} ${after}` : `Node ${name} is not Ready ${after}: ${because}`,
    {
      host: name,
      remedy: /network|cni/i.test(because)
        ? 'apply the CNI plugin of your cluster (kubectl apply), then retry'
        : `look at \`journalctl -u kubelet\` on ${name}, mend the cause, then retry`,
      evidence: because === '' ? [] : [because],
    },
  );
};
