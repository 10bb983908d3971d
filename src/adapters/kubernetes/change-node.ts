import { z } from 'zod';
import { QuorateError } from '../../model/failure.js';
import type { NodeFacts } from '../../model/cluster-facts.js';
import { parseJson } from '../script/parse-json.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { kubectl, saysUnavailable } from './kubectl.js';
import { KubernetesNode, nodeFacts } from './node.js';
import { runKubectl } from './run-kubectl.js';

/** A Node, or undefined when there is none of that name. Asked at the API server of `address` on `host`. */
export const readNode = async (host: Host, address: string, name: string): Promise<NodeFacts | undefined> => {
  const text = await runKubectl(
    host,
    `reading Node ${name}`,
    `${kubectl(address)} get node ${quote(name)} -o json --ignore-not-found`,
  );
  return text.trim() === '' ? undefined : nodeFacts(parseJson(KubernetesNode, text, 'kubectl get node', host));
};

/**
 * Deletes the Node of that name only if it is still the one with that uid; one that is gone is fine.
 * @throws QuorateError ApiUnavailable, CommandFailed
 */
export const deleteNode = async (host: Host, address: string, name: string, uid: string): Promise<void> => {
  const body = JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid } });
  const script = `${kubectl(address)} delete --raw ${quote(`/api/v1/nodes/${name}`)} -f -`;
  const outcome = await host.run(script, { stdin: body });
  const { end, stderr } = outcome;
  if (
    end.kind === 'exited' &&
    end.code !== 0 &&
    /not ?found|Conflict|the UID in the precondition/i.test(stderr) &&
    !saysUnavailable(stderr)
  )
    return;
  if (end.kind === 'exited' && end.code === 0) return;
  await runKubectl({ ...host, run: () => Promise.resolve(outcome) }, `deleting Node ${name}`, script);
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

const Waited = z.enum(['ready', 'not-ready', 'absent']);

/** The kubelet's words while no CNI plugin has been applied: everything else of the Node is in order. */
const lacksNetworkOnly = (node: NodeFacts): boolean =>
  /NetworkPluginNotReady|cni plugin not initialized|cni config uninitialized/i.test(node.notReadyBecause ?? '');

/**
 * Waits on the host until a Node is Ready, event driven by `kubectl wait`.
 * @param options.acceptMissingNetwork also returns when all it lacks is a CNI plugin; default false
 * @throws QuorateError NodeNotReady with the Ready condition's own words when it is not within `timeoutMs`; ApiUnavailable
 */
export const waitForNodeReady = async (
  host: Host,
  address: string,
  name: string,
  options: { timeoutMs: number; signal?: AbortSignal; acceptMissingNetwork?: boolean },
): Promise<NodeFacts> => {
  const seconds = Math.max(1, Math.round(options.timeoutMs / 1000));
  const k = kubectl(address, seconds + 5);
  // A Node that only lacks its network never becomes Ready: then the condition is read after a while instead.
  const slice = options.acceptMissingNetwork === true ? 3 : seconds;
  // The Node object itself may come seconds later than the kubelet: `kubectl wait` fails at once while there is none.
  const script = `
end=$(($(date +%s) + ${seconds}))
state=absent
while :; do
  left=$((end - $(date +%s)))
  [ $left -gt 0 ] || break
  [ $left -lt ${slice} ] || left=${slice}
  if ${k} wait --for=condition=Ready ${quote(`node/${name}`)} --timeout="\${left}s" >/dev/null 2>"/tmp/.quorate-wait-$$"; then state=ready; break; fi
  grep -q 'NotFound\\|not found' "/tmp/.quorate-wait-$$" && state=absent || state=not-ready
  ${
    options.acceptMissingNetwork === true
      ? `[ $state = not-ready ] && ${k} get ${quote(`node/${name}`)} -o jsonpath='{.status.conditions[?(@.type=="Ready")].message}' | grep -qi 'cni' && break`
      : ':'
  }
  sleep 0.2
done
rm -f "/tmp/.quorate-wait-$$"
echo "$state"`;
  const text = await runKubectl(host, `waiting for Node ${name}`, script, {
    timeoutMs: options.timeoutMs + 20_000,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  options.signal?.throwIfAborted();
  const state = Waited.catch('not-ready').parse(text.trim());
  const node = await readNode(host, address, name);
  if (node !== undefined && (state === 'ready' || (options.acceptMissingNetwork === true && lacksNetworkOnly(node))))
    return node;
  throw new QuorateError(
    'NodeNotReady',
    node === undefined
      ? `there is no Node ${name} after ${seconds} s`
      : `Node ${name} is not Ready after ${seconds} s: ${node.notReadyBecause ?? 'it is now'}`,
    {
      host: name,
      remedy: /network|cni/i.test(node?.notReadyBecause ?? '')
        ? 'apply the CNI plugin of your cluster (kubectl apply), then retry'
        : `look at \`journalctl -u kubelet\` on ${name}, mend the cause, then retry`,
      evidence: node === undefined ? [] : [node.notReadyBecause ?? 'Ready'],
    },
  );
};
