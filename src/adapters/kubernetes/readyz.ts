import { execute } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { adminConf, apiServerUrl } from './api-command.js';

export interface Readiness {
  readonly ready: boolean;
  /** Why not, such as the checks that fail, or that nothing listens. */
  readonly because?: string;
}

// curl costs a tenth of kubectl; kubectl is for clusters that refuse anonymous requests, and for hosts without curl.
const script = (url: string, kubectl: string | undefined): string => {
  const fallback = kubectl ?? `printf '\\n%s\\n' "$code"`;
  return `if command -v curl >/dev/null 2>&1; then
  answer=$(curl -sSk --noproxy '*' --connect-timeout 3 --max-time 8 -w '\\n%{http_code}' ${quote(`${url}/readyz`)} 2>&1)
  code=\${answer##*
}
  case "$code" in
    401|403) ${fallback} ;;
    *) printf '%s\\n' "$answer" ;;
  esac
else
  code='curl is not installed'
  ${fallback}
fi`;
};

// "[-]etcd failed: reason withheld" of the verbose answer; /readyz answers verbosely when it is not ready.
const failing = (body: string): string =>
  body
    .split('\n')
    .filter((line) => line.startsWith('[-]'))
    .map((line) => line.slice(3).replace(/ failed: reason withheld$/, ''))
    .join(', ');

const readinessOf = (text: string): Readiness => {
  const lines = text.trim().split('\n');
  const code = lines.at(-1) ?? '';
  const body = lines.slice(0, -1).join('\n');
  if (code === '200') return { ready: true };
  const checks = failing(body);
  if (checks !== '') return { ready: false, because: `not ok: ${checks}` };
  const said = body.trim().split('\n').at(-1) ?? '';
  const status = /^[1-5]\d\d$/.test(code) ? `HTTP ${code}` : code === '000' ? '' : code;
  const because = [status, said.replace(/^curl: \(\d+\) /, '')].filter((part) => part !== '').join(': ');
  return { ready: false, because: because.slice(0, 300) || 'no answer' };
};

/**
 * Asks the API server of a control-plane host whether it takes requests; its certificate is not checked.
 * @throws QuorateError Unreachable when the host itself cannot be asked
 */
export const readyz = async (host: Host, address: string): Promise<Readiness> => {
  const url = apiServerUrl(address);
  const kubectl = `if ok=$(kubectl --kubeconfig ${adminConf} --server ${quote(url)} --request-timeout=8s get --raw /readyz 2>&1); then printf '%s\\n200\\n' "$ok"; else printf '%s\\n000\\n' "$ok"; fi`;
  return readinessOf(await execute(host, 'asking the API server', script(url, kubectl)));
};

/**
 * Asks an API server through the endpoint, from a host: what a client of the cluster would see.
 * 401 and 403 count as ready: an API server answered, and only refused to say more.
 * @throws QuorateError Unreachable when the host itself cannot be asked
 */
export const readyzThroughEndpoint = async (host: Host, endpoint: string): Promise<Readiness> => {
  const answer = readinessOf(
    await execute(host, `asking the endpoint ${endpoint}`, script(`https://${endpoint}`, undefined)),
  );
  return /^HTTP 40[13]$/.test(answer.because ?? '') ? { ready: true } : answer;
};
