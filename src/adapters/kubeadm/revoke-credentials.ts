import { kubectl } from '../kubernetes/kubectl.js';
import { runKubectl } from '../kubernetes/run-kubectl.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { operationOfToken, sharedCertificatesDescription, tokenDescription } from './tokens.js';

/** A bootstrap token of some operation, without its secret. */
export interface OurToken {
  readonly id: string;
  readonly operation: string;
  /** RFC 3339; absent for a token that never expires. */
  readonly expiresAt?: string;
}

// Name, expiration and description of each bootstrap token, tab-separated; the token's secret is not asked for.
const listTokens = (address: string): string => {
  const field = (name: string): string => `{{with .data.${name}}}{{. | base64decode}}{{end}}`;
  const template = `{{range .items}}{{.metadata.name}}{{"\\t"}}${field('expiration')}{{"\\t"}}${field('description')}{{"\\n"}}{{end}}`;
  return `${kubectl(address)} -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o go-template=${quote(template)}`;
};

/**
 * The bootstrap tokens that operations have left in the cluster.
 * @throws QuorateError Unreachable, ApiUnavailable, CommandFailed
 */
export const listOurTokens = async (host: Host, address: string): Promise<OurToken[]> => {
  const text = await runKubectl(host, 'listing bootstrap tokens', listTokens(address));
  return text.split('\n').flatMap((line) => {
    const [name = '', expiresAt = '', description = ''] = line.split('\t');
    const operation = operationOfToken(description);
    if (operation === undefined) return [];
    const id = name.replace(/^bootstrap-token-/, '');
    return [{ id, operation, ...(expiresAt === '' ? {} : { expiresAt }) }];
  });
};

export interface RevokeCredentials {
  readonly address: string;
  /** Whose tokens go: one operation's, or with `all` every bootstrap token of the cluster (right after `init`). */
  readonly of: { readonly operation: string } | 'all';
  /** Also the Secret kubeadm-certs and the token that owns it; not for a worker, beside which a control plane may join. */
  readonly sharedCertificates: boolean;
}

/**
 * Deletes an operation's bootstrap tokens and, where asked, the shared certificates; one command on a control-plane host.
 * Nothing there to delete is fine.
 * @returns ids of the tokens that were deleted
 * @throws QuorateError Unreachable, ApiUnavailable, CommandFailed
 */
export const revokeCredentials = async (
  host: Host,
  { address, of, sharedCertificates }: RevokeCredentials,
): Promise<string[]> => {
  const ours = of === 'all' ? '' : tokenDescription(of.operation);
  const owner = sharedCertificates ? sharedCertificatesDescription : '';
  const chosen = of === 'all' ? '1' : '$3 == ENVIRON["ours"] || (ENVIRON["owner"] != "" && $3 == ENVIRON["owner"])';
  const script = `set -eu
list=$(${listTokens(address)})
export ours=${quote(ours)} owner=${quote(owner)}
names=$(printf '%s\\n' "$list" | awk -F '\\t' '$1 ~ /^bootstrap-token-[a-z0-9]+$/ && (${chosen}) { print $1 }')
set -- $names${sharedCertificates ? ' kubeadm-certs' : ''}
[ $# -eq 0 ] || ${kubectl(address)} -n kube-system delete secret --ignore-not-found "$@" >/dev/null
printf '%s\\n' $names`;
  const text = await runKubectl(host, 'revoking credentials', script, { timeoutMs: 40_000 });
  return text
    .split('\n')
    .filter((name) => name !== '')
    .map((name) => name.replace(/^bootstrap-token-/, ''));
};
