import { nothingKept } from '../../../model/reset/keep.js';
import type { Keep } from '../../../model/reset/keep.js';
import { folderFunctions } from '../../host/traces/folders.js';
import { listenersFunction } from '../../host/traces/listeners.js';
import { loginKubeconfigsFunction } from '../../host/traces/login-kubeconfigs.js';
import { packetFilterFunctions, takesOut } from '../../host/traces/packet-filter.js';
import { quote } from '../../ssh/quote.js';
import { fileFunctions } from './files.js';
import { kubeconfigFunctions } from './kubeconfigs.js';
import { networkFunctions } from './network.js';
import { processFunctions } from './processes.js';
import { putBackFunction } from './put-aside.js';

export interface DeepClean {
  /** URLs of API servers of the node that was on the host: kubeconfigs of logins that name only these go. */
  readonly servers: readonly string[];
  /** `sha256:<hex>` of its CAs: kubeconfigs of logins that trust only these go too. */
  readonly caHashes: readonly string[];
  /** Detaches mounts that are busy; default false. */
  readonly lazyUnmount?: boolean;
  /** What was there before the operation that is undone, and stays; default nothing. */
  readonly keep?: Keep;
}

const list = (values: readonly string[]): string => quote(values.join('\n'));

/** As find's -path takes it literally; a folder stands for everything below it. */
const findPattern = (path: string): string => path.replaceAll(/[[\]\\*?]/g, '\\$&').replace(/\/$/, '/*');

/**
 * The script that removes what `kubeadm reset` leaves: POSIX sh, idempotent. Prints `removed <what>` and `failed <what>`.
 * What is whose is defined in one place for this script and the one that reads a host (model/reset/traces.ts).
 * Paths are relative to `/`, so that a test can run it in a folder that looks like a host.
 */
export const deepCleanScript = ({ servers, caHashes, lazyUnmount = false, keep = nothingKept }: DeepClean): string => {
  const kept = [...Object.keys(keep.files), ...keep.aside].map((path) => path.replace(/^\/+/, ''));
  return `
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd / || exit 1
has() { command -v "$1" >/dev/null 2>&1; }
removed() { printf 'removed %s\\n' "$*"; }
failed() { printf 'failed %s\\n' "$*"; }
kept=${list(kept)}
kept_patterns=${list(kept.map(findPattern))}
kept_links=${list(keep.links)}
aside=${list(keep.aside.map((path) => path.replace(/^\/+/, '')))}
servers=${list(servers)}
hashes=${list(caHashes.map((hash) => hash.replace(/^sha256:/, '')))}
takes_out=${quote(takesOut)}
${folderFunctions}
${listenersFunction}
${packetFilterFunctions}
${loginKubeconfigsFunction}
${processFunctions}
${fileFunctions(lazyUnmount)}
${networkFunctions}
${kubeconfigFunctions}
${putBackFunction}

kubelets
containers
listeners
mounts
files
links
${keep.packetFilterRules > 0 ? ': the rules stay' : 'packet_filter'}
kubeconfigs
put_back
true
`;
};
