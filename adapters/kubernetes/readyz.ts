import { apiServerOf } from '../../model/control-plane.js';
import { caHashOfPem } from '../host/ca-hash.js';
import { execute } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';
import { adminConfFile, kubectl } from './kubectl.js';

export interface Readyz {
  /** The host has an admin.conf: it is, or began to be, a control-plane host. */
  readonly initialised: boolean;
  readonly ready: boolean;
  /** Something answers HTTP on port 6443; absent: nothing does. */
  readonly answers?: true;
  /** SPKI hash of the host's /etc/kubernetes/pki/ca.crt; absent when it has none there that can be read. */
  readonly caHash?: string;
  /** Why not, in one line. */
  readonly because?: string;
}

// Anonymous access to /readyz is kubeadm's default; where it is forbidden kubectl asks with the admin's certificate.
const readyzScript = (address: string): string => `
test -f ${adminConfFile} && echo initialised
answer=$(curl -sk -m 3 -w '\\n%{http_code}' ${quote(`https://${apiServerOf(address)}/readyz`)} 2>/dev/null) || true
code=\${answer##*
}
case "$code" in
  401|403) ${kubectl(address, 3)} get --raw /readyz >/dev/null 2>&1 && code=200 ;;
esac
echo "code=$code"
case "$code" in
  000|'') ss -ltnH 'sport = :6443' 2>/dev/null | grep -q . && echo listening || true ;;
  *) printf '%s\\n' "$answer" | grep -F '[-]' || true ;;
esac
cat /etc/kubernetes/pki/ca.crt 2>/dev/null || true`;

/**
 * `/readyz` of a host's own API server, asked on the host itself; about 30 ms.
 * @throws QuorateError Unreachable
 */
export const readyz = async (host: Host, address: string): Promise<Readyz> => {
  const text = await execute(host, 'asking /readyz', readyzScript(address), { timeoutMs: 10_000 });
  const lines = text.split('\n').map((line) => line.trim());
  const initialised = lines.includes('initialised');
  const code = /^code=(\d*)$/m.exec(text)?.[1] ?? '';
  const answers = /^[1-5]\d\d$/.test(code) ? { answers: true as const } : {};
  const ca = caHashOfPem(text);
  const known = { initialised, ...answers, ...(ca === undefined ? {} : { caHash: ca }) };
  if (code === '200' && initialised) return { ...known, ready: true };
  if (!initialised)
    return {
      ...known,
      ready: false,
      because:
        'answers' in answers
          ? `something answers on its port 6443 (${code}), but it has no admin.conf`
          : 'not a control-plane host yet: no admin.conf',
    };
  const failing = lines.filter((line) => line.startsWith('[-]')).map((line) => line.slice(3));
  const because =
    failing.length > 0
      ? `not ready: ${failing.join(', ')}`
      : code !== '' && code !== '000'
        ? `/readyz answers ${code}`
        : lines.includes('listening')
          ? 'its API server listens but does not answer'
          : 'nothing listens on 6443';
  return { ...known, ready: false, because };
};

/**
 * `/readyz` through the load-balanced endpoint, asked from a host.
 * @param endpoint host:port
 * @throws QuorateError Unreachable when the asking host does not answer
 */
export const readyzThroughEndpoint = async (
  host: Host,
  endpoint: string,
): Promise<{ ok: boolean; ms?: number; because?: string }> => {
  const script = `curl -sk -m 5 -o /dev/null -w '%{http_code} %{time_total}' ${quote(`https://${endpoint}/readyz`)} || true`;
  const text = (await execute(host, 'asking /readyz through the endpoint', script, { timeoutMs: 10_000 })).trim();
  const [code = '000', time = '0'] = text.split(' ');
  // 401 and 403 are answers of an API server that forbids anonymous access: the way through the endpoint works.
  if (['200', '401', '403'].includes(code)) return { ok: true, ms: Math.round(Number(time) * 1000) };
  return { ok: false, because: code === '000' ? `nothing answers at ${endpoint}` : `/readyz answers ${code}` };
};
