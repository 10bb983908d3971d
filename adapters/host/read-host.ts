import type { HostFacts } from '../../model/facts/host-facts.js';
import { requireSuccess } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { criSocketPath } from './cri-request.js';
import { parseHostFacts } from './parse-host-facts.js';
import { readHostScript } from './read-host-script.js';

export interface ReadHostInput {
  /** Address that the cluster uses for the host; the MTU is that of the link which carries it. */
  readonly address: string;
  /** CRI socket with or without `unix://`; default /run/containerd/containerd.sock. */
  readonly criSocket?: string;
  readonly signal?: AbortSignal;
}

/**
 * Reads everything Quorate wants to know about a host in one command. No key, token or password leaves the host, and
 * nothing is changed on it but a note of versions below /var/cache/quorate, which spares 250 ms of CPU the next time.
 *
 * A missing tool leaves its facts empty or unknown. API servers that the host's kubeconfigs point to are asked from the
 * host itself, at most 2 s.
 *
 * @throws QuorateError Unreachable when the connection was lost or nothing came within 30 s;
 *   CommandFailed that names the piece which is missing or makes no sense.
 */
export const readHost = async (
  host: Host,
  { address, criSocket = '/run/containerd/containerd.sock', signal }: ReadHostInput,
): Promise<HostFacts> => {
  const script = readHostScript(quote(criSocketPath(criSocket)));
  const before = Date.now();
  const outcome = await host.run(script, { maxOutputBytes: 2 ** 20, ...(signal === undefined ? {} : { signal }) });
  const after = Date.now();
  const stdout = requireSuccess(host, 'reading the host', outcome);
  return parseHostFacts({ host: host.name, stdout, address, before, after });
};
