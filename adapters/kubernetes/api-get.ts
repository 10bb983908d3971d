import { apiServerOf } from '../../model/control-plane.js';
import { QuorateError } from '../../model/failures/failure.js';
import { newMark } from '../script/sections.js';
import { requireSuccess } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host, RunOptions } from '../ssh/types.js';
import { adminConfFile, kubectl } from './kubectl.js';

export interface ApiAnswer {
  /** HTTP status: 200, or 404 when there is no such object. */
  readonly status: 200 | 404;
  readonly body: string;
}

/**
 * A shell function `api PATH...` that prints each answer and then a line `<mark> end <HTTP status>`.
 *
 * curl asks all paths over one connection for a tenth of what a single kubectl costs. The administrator's key gets to it
 * over a pipe: never on a command line, never in a file. kubectl is for hosts without curl, and for an admin.conf that
 * does not hold its certificate; it asks one path after the other.
 */
export const apiFunction = (address: string, mark: string): string => `
server=${quote(`https://${apiServerOf(address)}`)}
api_cert=$(sed -n 's/^ *client-certificate-data: *//p' ${adminConfFile} 2>/dev/null | base64 -d 2>/dev/null)
api_key=$(sed -n 's/^ *client-key-data: *//p' ${adminConfFile} 2>/dev/null | base64 -d 2>/dev/null)
api_kubectl() {
  for path in "$@"; do
    if said=$(${kubectl(address, 5)} get --raw "$path" 2>&1); then code=200; else
      case "$said" in *'(NotFound)'*) code=404 ;; *) code=000; printf '%s\\n' "$said" >&2 ;; esac
    fi
    printf '%s\\n%s end %s\\n' "$said" ${mark} $code
    [ $code != 000 ] || return 1
  done
}
api() {
  if ! command -v curl >/dev/null 2>&1 || [ -z "$api_cert" ] || [ -z "$api_key" ]; then api_kubectl "$@"; return; fi
  paths=$*
  for path in "$@"; do shift; set -- "$@" "$server$path"; done
  curl -gqsS -A quorate --fail-early --noproxy '*' --connect-timeout 3 --max-time 10 --cacert /etc/kubernetes/pki/ca.crt \\
    --cert /dev/fd/3 --key /dev/fd/4 -w '\\n${mark} end %{http_code}\\n' "$@" 3<<CERT 4<<KEY
$api_cert
CERT
$api_key
KEY
  code=$?
  # 58: a curl whose TLS library cannot read a certificate from a pipe
  if [ $code -eq 58 ]; then api_kubectl $paths; else return $code; fi
}
[ -f ${adminConfFile} ] || { echo '${adminConfFile}: no such file' >&2; exit 66; }
`;

const unavailable = (host: Host, what: string, because: string): QuorateError =>
  new QuorateError('ApiUnavailable', `${what}: the API server of ${host.name} did not answer: ${because}`, {
    host: host.name,
    remedy: 'see `quorate status`; it is tried again by itself for a while',
    evidence: [because],
  });

/** What an answer says besides an object: the `message` of a Status. */
const messageOf = (body: string): string =>
  /"message":\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body.trim().slice(0, 200);

/**
 * The answers in the output of `api`, in the order of the paths.
 * @throws QuorateError ApiUnavailable when the API server could not be asked or could not serve; CommandFailed when it refused
 */
export const parseAnswers = (host: Host, what: string, text: string, stderr: string, mark: string): ApiAnswer[] => {
  const parts = text.split(new RegExp(`\\n?${mark} end (\\d{3})\\n`));
  const answers: ApiAnswer[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const body = parts[index] ?? '';
    const status = Number(parts[index + 1]);
    if (status === 200 || status === 404) {
      answers.push({ status, body });
      continue;
    }
    if (status === 0 || status === 429 || status >= 500) {
      const said = stderr.trim().split('\n').at(-1) ?? '';
      throw unavailable(
        host,
        what,
        status === 0 ? said.replace(/^curl: \(\d+\) /, '') : `${status} ${messageOf(body)}`,
      );
    }
    throw new QuorateError('CommandFailed', `${what}: the API server of ${host.name} refused: ${messageOf(body)}`, {
      host: host.name,
      remedy: `see that ${adminConfFile} on ${host.name} is still valid: \`kubeadm certs check-expiration\``,
      evidence: [`HTTP ${status}: ${messageOf(body)}`],
    });
  }
  return answers;
};

/**
 * Reads objects from the API server of a control-plane host, asked there as administrator; one command, about 40 ms.
 * @param paths such as `/api/v1/nodes`
 * @returns the answers in the order of the paths
 * @throws QuorateError ApiUnavailable, CommandFailed when the API server refuses, Unreachable
 */
export const apiGet = async (
  host: Host,
  address: string,
  what: string,
  paths: readonly string[],
  options: RunOptions = {},
): Promise<ApiAnswer[]> => {
  const mark = newMark();
  const script = `${apiFunction(address, mark)}\napi ${paths.map(quote).join(' ')}`;
  const outcome = await host.run(script, { maxOutputBytes: 64 * 2 ** 20, ...options });
  const answers = parseAnswers(host, what, outcome.stdout, outcome.stderr, mark);
  if (answers.length === paths.length) return answers;
  if (outcome.end.kind === 'exited' && /admin\.conf: no such file/.test(outcome.stderr)) {
    throw unavailable(host, what, `it has no ${adminConfFile}`);
  }
  requireSuccess(host, what, outcome);
  throw unavailable(host, what, `only ${answers.length} of ${paths.length} answers came`);
};
