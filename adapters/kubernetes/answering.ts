import { execute } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';

/** Whether an API server answers at a place, as a host sees it. */
export interface Answering {
  /** host:port. */
  readonly server: string;
  /** `unknown` where the host has no program to ask with, or something takes the connection and says nothing. */
  readonly answers: 'yes' | 'no' | 'unknown';
  /** Why it is not known, one phrase. */
  readonly because?: string;
  /** It serves with a certificate of the CA that lies on the asking host; false when there is none to compare. */
  readonly ownCa: boolean;
}

// 5xx is the word of a proxy without a server behind it, or of nothing that could be joined; anything else is an answer.
// Who takes the connection and lets the time pass (28, and one connect) may be an API server that is overloaded.
const script = (servers: readonly string[]): string => `
command -v curl >/dev/null 2>&1 || { echo unasked; exit 0; }
ask() { curl -qgs --noproxy '*' --connect-timeout 3 -m 6 -o /dev/null -w '%{http_code} %{num_connects}' "$@" 2>/dev/null; }
look() {
  ended=0
  said=$(ask -k "https://$2/version") || ended=$?
  case "$ended $said" in
    *' '[234][0-9][0-9]' '*)
      own=no
      [ ! -r /etc/kubernetes/pki/ca.crt ] || case $(ask --cacert /etc/kubernetes/pki/ca.crt "https://$2/version") in [234][0-9][0-9]' '*) own=yes ;; esac
      echo "answer $1 yes $own" ;;
    '28 '*' 0') echo "answer $1 no no" ;;
    '28 '*) echo "answer $1 unknown no" ;;
    *) echo "answer $1 no no" ;;
  esac
}
${servers.map((server, index) => `look ${index} ${quote(server)} &`).join('\n')}
wait
echo end`;

/**
 * Asks API servers from a host, side by side; at most about 12 s where they are silent. Nothing is taken for an answer but
 * an HTTP status.
 * @param servers host:port
 * @throws QuorateError Unreachable, CommandFailed
 */
export const askServers = async (host: Host, servers: readonly string[]): Promise<Answering[]> => {
  const text = await execute(host, 'asking for API servers', script(servers), { timeoutMs: 30_000 });
  const isWhole = /^end$/m.test(text);
  const because = /^unasked$/m.test(text) ? `no curl on ${host.name} to ask with` : `${host.name} did not say`;
  return servers.map((server, index) => {
    const [, answers, own] = new RegExp(`^answer ${index} (yes|no|unknown) (yes|no)$`, 'm').exec(text) ?? [];
    if (!isWhole || answers === undefined) return { server, answers: 'unknown', because, ownCa: false };
    if (answers === 'unknown')
      return {
        server,
        answers,
        because: `takes the connection of ${host.name} and does not answer`,
        ownCa: false,
      };
    return { server, answers: answers === 'yes' ? 'yes' : 'no', ownCa: own === 'yes' };
  });
};
