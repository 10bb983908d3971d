import { kubectl } from '../../kubernetes/kubectl.js';
import { runKubectl } from '../../kubernetes/run-kubectl.js';
import { quote } from '../../ssh/quote.js';
import type { Host } from '../../ssh/types.js';
import { operationLabel, operationLabelValue, operationOfToken, tokenDescription } from './tokens.js';

/** A bootstrap token of some operation, without its secret. */
export interface OurToken {
  readonly id: string;
  readonly operation: string;
  /** RFC 3339; absent for a token that never expires. */
  readonly expiresAt?: string;
}

/** Of an object the label by which an operation knows its Secrets; empty where there is none. */
const label = `{{with .metadata.labels}}{{with index . "${operationLabel}"}}{{.}}{{end}}{{end}}`;

// Name, expiration, description and label of each bootstrap token, tab-separated; the token's secret is not asked for.
const listTokens = (address: string): string => {
  const field = (name: string): string => `{{with .data.${name}}}{{. | base64decode}}{{end}}`;
  const template = `{{range .items}}{{.metadata.name}}{{"\\t"}}${field('expiration')}{{"\\t"}}${field('description')}{{"\\t"}}${label}{{"\\n"}}{{end}}`;
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

// The API server compares uid and resourceVersion in the same breath: what somebody has uploaded since is left.
const deleteOwnCertificates = (address: string, operation: string): string => {
  const template = `${label} {"uid":"{{.metadata.uid}}","resourceVersion":"{{.metadata.resourceVersion}}"}`;
  return `certs=$(${kubectl(address)} -n kube-system get secret kubeadm-certs --ignore-not-found -o go-template=${quote(template)})
case $certs in
  ${quote(`${operationLabelValue(operation)} `)}*)
    said=$(printf '{"kind":"DeleteOptions","apiVersion":"v1","preconditions":%s}' "\${certs#* }" |
      ${kubectl(address)} delete --raw /api/v1/namespaces/kube-system/secrets/kubeadm-certs -f - 2>&1) ||
      case $said in *'(NotFound)'*|*'(Conflict)'*) ;; *) printf '%s\\n' "$said" >&2; exit 1 ;; esac ;;
esac`;
};

export interface RevokeCredentials {
  readonly address: string;
  /** Only what this operation made goes: its tokens by their description or label, shared certificates by their label. */
  readonly operation: string;
  /** It has uploaded the shared certificates (Secret kubeadm-certs): the join of a control plane. */
  readonly sharedCertificates: boolean;
}

/**
 * Deletes an operation's bootstrap tokens and, where it has uploaded them, the shared certificates; one command on a
 * control-plane host. Tokens and certificates of others stay. Nothing there to delete is fine.
 * @returns ids of the tokens that were deleted
 * @throws QuorateError Unreachable, ApiUnavailable, CommandFailed
 */
export const revokeCredentials = async (
  host: Host,
  { address, operation, sharedCertificates }: RevokeCredentials,
): Promise<string[]> => {
  const script = `set -eu
list=$(${listTokens(address)})
export ours=${quote(tokenDescription(operation))} label=${quote(operationLabelValue(operation))}
names=$(printf '%s\\n' "$list" | awk -F '\\t' '$1 ~ /^bootstrap-token-[a-z0-9]+$/ && ($3 "" == ENVIRON["ours"] || $4 "" == ENVIRON["label"]) { print $1 }')
${sharedCertificates ? deleteOwnCertificates(address, operation) : ''}
set -- $names
[ $# -eq 0 ] || ${kubectl(address)} -n kube-system delete secret --ignore-not-found "$@" >/dev/null
printf '%s\\n' $names`;
  const text = await runKubectl(host, 'revoking credentials', script, { timeoutMs: 40_000 });
  return text
    .split('\n')
    .filter((name) => name !== '')
    .map((name) => name.replace(/^bootstrap-token-/, ''));
};
