import { QuorateError } from '../../model/failure.js';
import { urlHost } from '../../model/network-address.js';
import { execute } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host, RunOptions } from '../ssh/types.js';

/** kubeadm's file on every control-plane host. It is there from the middle of a join on: it proves nothing. */
export const adminConf = '/etc/kubernetes/admin.conf';

/** URL of the API server on a control-plane host. Its own address is in its certificate, 127.0.0.1 is not. */
export const apiServerUrl = (address: string): string => `https://${urlHost(address)}:6443`;

/** A shell function `k`: kubectl as administrator, asking the API server of this very host whatever the load balancer does. */
export const kubectlFunction = (address: string): string =>
  `k() { kubectl --kubeconfig ${adminConf} --server ${quote(apiServerUrl(address))} --request-timeout=10s "$@"; }`;

const noAnswer =
  /connection refused|connection reset|connection lost|i\/o timeout|deadline exceeded|TLS handshake timeout|no route to host|network is unreachable|unexpected EOF|: EOF|Client\.Timeout|ServiceUnavailable|currently unable to handle|TooManyRequests|Too many requests|etcdserver: (leader changed|request timed out|no leader)|apiserver not ready/i;
const notInitialised = /admin\.conf: no such file|stat .*admin\.conf/i;

/** What a failed kubectl or kubeadm says, as a failure of the closed list; the error itself when it says nothing known. */
export const apiFailure = (host: Host, what: string, error: unknown): unknown => {
  if (!(error instanceof QuorateError) || error.type !== 'CommandFailed') return error;
  const { evidence } = error.details;
  const because = evidence.find((line) => noAnswer.test(line));
  if (because !== undefined) {
    return new QuorateError('ApiUnavailable', `${what}: the API server of ${host.name} did not answer: ${because}`, {
      host: host.name,
      remedy: `see \`crictl ps -a --name kube-apiserver\` and \`journalctl -u kubelet\` on ${host.name}; the operation goes on by itself when it answers`,
      evidence,
    });
  }
  if (evidence.some((line) => notInitialised.test(line))) {
    return new QuorateError('NotInitialised', `${what}: ${host.name} has no ${adminConf}`, {
      host: host.name,
      remedy: 'name a control-plane host that has joined, or initialise the cluster first',
      evidence,
    });
  }
  return error;
};

/**
 * Runs a script that talks to the API server of the host.
 * @throws QuorateError Unreachable, ApiUnavailable when the API server does not answer or cannot reach etcd,
 *   NotInitialised when the host has no admin.conf, CommandFailed
 */
export const apiCommand = async (host: Host, what: string, script: string, options?: RunOptions): Promise<string> => {
  try {
    return await execute(host, what, script, options);
  } catch (error) {
    throw apiFailure(host, what, error);
  }
};
