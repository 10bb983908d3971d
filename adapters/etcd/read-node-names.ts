import type { Host } from '../ssh/types.js';
import { etcdctlPrelude } from './etcdctl.js';
import { runEtcdctl } from './failures.js';

// kube-apiserver keeps Nodes under minions/ below its --etcd-prefix, /registry unless that was changed.
const script = `${etcdctlPrelude}
keys=$(etcdctl $e --endpoints="$endpoint" --dial-timeout=2s --command-timeout=5s get / --prefix --keys-only --consistency=s) || exit 1
printf '%s\\n' "$keys" | sed -n 's|^/.*/minions/||p; s|^/minions/||p'`;

/**
 * Names of the Nodes in the local member's own copy of etcd: what a cluster has whose API server does not answer.
 * @throws QuorateError EtcdUnavailable when the local member does not answer; Unreachable, CommandFailed
 */
export const readNodeNames = async (host: Host): Promise<string[]> => {
  const text = await runEtcdctl(host, 'reading the Nodes in etcd', script, { timeoutMs: 30_000 });
  return text.split('\n').filter((line) => line !== '');
};
