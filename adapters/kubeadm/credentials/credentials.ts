import { randomBytes } from 'node:crypto';
import { isBootstrapToken } from '../../../model/secret-patterns.js';
import { QuorateError } from '../../../model/failures/failure.js';
import { apiServerOf, apiServerPort } from '../../../model/control-plane.js';
import { caHashOfPem } from '../../host/ca-hash.js';
import { adminConfFile } from '../../kubernetes/kubectl.js';
import { runKubectl } from '../../kubernetes/run-kubectl.js';
import { newMark, parseSections } from '../../script/sections.js';
import { quote } from '../../ssh/quote.js';
import type { Host } from '../../ssh/types.js';
import { apiVersion, renderDocuments } from '../configuration/configuration.js';
import { operationLabel, operationLabelValue, tokenDescription } from './tokens.js';

/** What a host needs to join. Secrets: they stay in the activity that made them. */
export interface Credentials {
  readonly token: string;
  /** The token's public part. */
  readonly tokenId: string;
  /** For a join as control plane: decrypts the Secret kubeadm-certs. */
  readonly certificateKey?: string;
  /** `sha256:<hex>` of the cluster's CA, read on the control-plane host. */
  readonly caHash: string;
  /** By the worker's clock, RFC 3339: when the time to live is over that the token got. */
  readonly expiresAt: string;
  /** The controller-manager has signed cluster-info with the token: a join finds it at its first try. */
  readonly signed: boolean;
}

export interface CreateCredentials {
  readonly operation: string;
  /** Address of the control-plane host that is asked: its own API server is used, not the load balancer. */
  readonly address: string;
  /** Uploads the shared certificates under a fresh key, which makes every earlier key useless. */
  readonly controlPlane: boolean;
  /** Of the cluster; without it kubeadm would ask the internet, for 10 s where there is none. */
  readonly kubernetesVersion: string;
  readonly criSocket: string;
  /** Minutes; default 45. */
  readonly ttlMinutes?: number;
}

/** Configuration of `timeout 40 kubeadm init phase upload-certs`, which wants a node although it uploads only. */
const uploadConfiguration = (host: Host, of: CreateCredentials, certificateKey: string): string =>
  renderDocuments([
    {
      apiVersion,
      kind: 'InitConfiguration',
      certificateKey,
      nodeRegistration: { name: host.name.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-'), criSocket: of.criSocket },
      localAPIEndpoint: { advertiseAddress: of.address, bindPort: apiServerPort },
    },
    { apiVersion, kind: 'ClusterConfiguration', kubernetesVersion: of.kubernetesVersion },
  ]);

const minutesOf = ({ ttlMinutes = 45 }: CreateCredentials): number => ttlMinutes;

// kubeadm has no --server: it gets a copy of admin.conf that names the host's own API server, on tmpfs, for a second.
// The token goes to standard output last, when nothing can fail any more, so that no error ever quotes it.
const script = (host: Host, of: CreateCredentials, mark: string): string => {
  const server = `https://${apiServerOf(of.address)}`;
  const description = quote(tokenDescription(of.operation));
  return `set -u
umask 077
[ -f ${adminConfFile} ] || { echo '${adminConfFile}: no such file' >&2; exit 66; }
install -d -m 0700 /run/quorate
d=$(mktemp -d /run/quorate/credentials.XXXXXX) || exit 1
trap 'rm -rf "$d"' EXIT
trap 'exit 129' HUP INT TERM
cat >"$d/upload.yaml"
sed 's#^\\( *server: \\).*#\\1${server}#' ${adminConfFile} >"$d/admin.conf"
${of.controlPlane ? uploadFunction(of.operation) : 'upload() { :; }'}
upload >"$d/upload.out" 2>&1 & upload=$!
timeout 40 kubeadm token create --kubeconfig "$d/admin.conf" --ttl ${minutesOf(of)}m --description ${description} >"$d/token" 2>"$d/token.err"
created=$?
signed=no
if [ $created -eq 0 ]; then
  id=$(cut -d. -f1 "$d/token")
  n=0
  while [ $n -lt 50 ]; do
    ${signedCheck(server)} && signed=yes && break
    n=$((n + 1)); sleep 0.1
  done
fi
wait $upload || { cat "$d/upload.out" >&2; exit 1; }
[ $created -eq 0 ] || { cat "$d/token.err" >&2; exit 1; }
printf '\\n%s signed\\n%s\\n\\n%s ca\\n' ${mark} $signed ${mark}
cat /etc/kubernetes/pki/ca.crt || exit 1
printf '\\n%s token\\n' ${mark}
cat "$d/token"`;
};

// kubeadm tells only at level 6 which token it has made as the owner of the Secret. That is labelled whatever becomes of
// the upload, as nobody could tell later whose it was; for half a minute, as what makes an upload fail makes this fail too,
// and one that is not there may yet come of a request that kubeadm had given up.
// After that, or when the host loses its power here, it ends by its own time to live of 2 h; it has no usages.
// Whoever uploads later writes a Secret without the label: theirs is never taken for the operation's.
const uploadFunction = (operation: string): string => {
  const label = `${operationLabel}=${operationLabelValue(operation)}`;
  return `k="kubectl --kubeconfig $d/admin.conf --request-timeout=10s -n kube-system"
label_owner() {
  n=0
  until said=$($k label secret --overwrite "$owner" ${label} 2>&1); do
    n=$((n + 1))
    case $said in *'(NotFound)'*) [ $n -lt 3 ] || return 0 ;; esac
    [ $n -lt 15 ] || { printf '%s\\n' "$said"; return 1; }
    sleep 2
  done
}
upload() {
  timeout 40 kubeadm init phase upload-certs --upload-certs --skip-certificate-key-print -v=6 --config "$d/upload.yaml" --kubeconfig "$d/admin.conf" >"$d/upload.log" 2>&1
  uploaded=$?
  owner=$(sed -n 's#.*/secrets/\\(bootstrap-token-[a-z0-9]*\\).*#\\1#p' "$d/upload.log" | head -n 1)
  [ -z "$owner" ] || label_owner || return 1
  if [ $uploaded -ne 0 ]; then
    sed -e '/^[IWE][0-9]* /d' -e '/^[^ ]*[.][^ ]*$/d' -e '/^no stack trace$/d' -e '/^\\t/d' "$d/upload.log"
    return 1
  fi
  seen=$($k get secret kubeadm-certs -o go-template='{{.metadata.resourceVersion}}{{range .metadata.ownerReferences}} {{.name}}{{end}}') || return 1
  if [ -z "$owner" ]; then owner=\${seen#* }; label_owner || return 1; fi
  if [ "\${seen#* }" != "$owner" ]; then
    echo "somebody else has uploaded the shared certificates at the same time: kubeadm-certs belongs to \${seen#* }, not to $owner"
    return 1
  fi
  $k label secret --overwrite --resource-version="\${seen%% *}" kubeadm-certs ${label}
}`;
};

// cluster-info is public by design; curl costs a tenth of kubectl.
const signedCheck = (server: string): string =>
  `{ curl -sk --noproxy '*' --max-time 3 ${quote(`${server}/api/v1/namespaces/kube-public/configmaps/cluster-info`)} 2>/dev/null || kubectl --kubeconfig "$d/admin.conf" --request-timeout=3s -n kube-public get configmap cluster-info -o yaml 2>/dev/null; } | grep -q "jws-kubeconfig-$id"`;

/**
 * Makes a bootstrap token for one host and, for a control plane, uploads the shared certificates: one command on a healthy
 * control-plane host, about 0.3 s. Waits up to 5 s for the controller-manager to sign cluster-info with the token, as kubeadm
 * looks only every 5 s. Whatever happens, `revokeCredentials` of the same operation takes everything back.
 * @throws QuorateError Unreachable, ApiUnavailable, CommandFailed
 */
export const createCredentials = async (host: Host, of: CreateCredentials): Promise<Credentials> => {
  const mark = newMark();
  const certificateKey = randomBytes(32).toString('hex');
  const what = `making credentials for ${of.operation}`;
  // Not by the host's clock, which may be another one than that of who asks later whether the token still holds.
  const expiresAt = new Date(Date.now() + minutesOf(of) * 60_000).toISOString();
  const stdout = await runKubectl(host, what, script(host, of, mark), {
    stdin: of.controlPlane ? uploadConfiguration(host, of, certificateKey) : '',
    secrets: [certificateKey],
    timeoutMs: 90_000,
  });
  const sections = parseSections(stdout, mark);
  const token = (sections.get('token') ?? '').trim();
  const caHash = caHashOfPem(sections.get('ca') ?? '');
  if (!isBootstrapToken(token) || caHash === undefined) {
    const lacking = caHash === undefined ? 'no CA certificate could be read' : 'kubeadm printed no token';
    throw new QuorateError('CommandFailed', `${what} on ${host.name}: ${lacking}`, {
      host: host.name,
      remedy: `run \`kubeadm token list\` and \`openssl x509 -noout -subject -in /etc/kubernetes/pki/ca.crt\` on ${host.name}`,
    });
  }
  return {
    token,
    tokenId: token.slice(0, 6),
    ...(of.controlPlane ? { certificateKey } : {}),
    caHash,
    expiresAt,
    signed: sections.get('signed')?.trim() === 'yes',
  };
};
