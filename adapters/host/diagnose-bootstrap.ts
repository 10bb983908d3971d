import { secretPatterns } from '../../model/secret-patterns.js';
import { execute } from '../ssh/execute.js';
import type { Host, RunOptions } from '../ssh/types.js';
import { splitPieces } from './pieces.js';
import type { Pieces } from './pieces.js';

/** One command, about 50 ms, at most 3 s when the kubelet hangs. What is older than the given minutes is another story. */
const diagnoseScript = (minutes: number): string => `
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd / || exit 1
prefix() { cut -c 1-600 | awk -v "piece=$1" '{ print piece " " $0 }'; }
systemctl show --property=LoadState,ActiveState,SubState,Result,ExecMainStatus,NRestarts,UnitFileState kubelet.service 2>/dev/null | prefix unit
# reversed: with --since alone, --lines counts from the oldest
journalctl --unit=kubelet.service --since=-${minutes}min --reverse --lines=120 --output=cat --no-pager 2>/dev/null | prefix kubelet
for configuration in kubelet.conf bootstrap-kubelet.conf; do
  [ ! -e etc/kubernetes/$configuration ] || echo "file $configuration"
done
# the kubelet writes its kubeconfig before it has the certificate that this names
certificate=$(sed -n 's/^ *client-certificate: *//p' etc/kubernetes/kubelet.conf 2>/dev/null | head -n 1)
[ -z "$certificate" ] || [ -e ".$certificate" ] || echo "file no-certificate"
body=$(curl -qsS -m 2 --noproxy '*' -w ' %{http_code}' http://127.0.0.1:10248/healthz 2>&1)
printf '%s\\n' "$body" | head -n 3 | prefix healthz
newest=
for log in $(find var/log/pods/kube-system_etcd-*/etcd/ -name '*.log' -mmin -${minutes} 2>/dev/null); do
  if [ -z "$newest" ] || [ "$log" -nt "$newest" ]; then newest=$log; fi
done
if [ -n "$newest" ]; then
  before=\${newest##*/}; before=$((\${before%.log} - 1)); before=\${newest%/*}/$before.log
  echo "etcd-log $newest"
  # a crashed etcd says why at the end of its last log, which a new one may have replaced just now
  for log in "$before" "$newest"; do [ ! -f "$log" ] || tail -c 20000 "$log" | prefix etcd; done
fi
echo end
`;

const mostLines = 12;
const longestLine = 300;

export interface DiagnoseOptions extends Pick<RunOptions, 'signal'> {
  /** Logs from before it are left out, as they may be of an earlier node; default 15 minutes ago. By whole minutes. */
  readonly since?: Date;
}

/** Bootstrap tokens, bearer tokens and JSON Web Tokens, should a log hold one. */
const withoutSecrets = (text: string): string =>
  text
    .replaceAll(secretPatterns.bootstrapToken, '[redacted]')
    .replaceAll(/\beyJ[\w-]+(\.[\w-]+)*/g, '[redacted]')
    .replaceAll(/(bearer\s+)\S+/gi, '$1[redacted]')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f]/g, ' ');

const line = (text: string): string => withoutSecrets(text).slice(0, longestLine);

/** What klog says after its header (`E1123 06:11:00.123456 811 file.go:72] `); repeated lines differ in the header only. */
const klogText = (text: string): string => text.replace(/^[IWEF]\d{4} [\d:.]+\s+\d+ \S+\] /, '');

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

const unitLine = (pieces: Pieces): string => {
  const show = new Map(
    pieces.values('unit').map((value) => [value.slice(0, value.indexOf('=')), value.slice(value.indexOf('=') + 1)]),
  );
  if (show.get('LoadState') === 'not-found') return 'kubelet.service does not exist';
  const state = show.get('ActiveState');
  if (state === undefined) return 'kubelet.service: systemctl said nothing';
  const failed = (show.get('Result') ?? 'success') !== 'success';
  const restarts = Number(show.get('NRestarts') ?? 0);
  return [
    `kubelet.service is ${state} (${show.get('SubState') ?? 'unknown'})`,
    ...(failed ? [`last result ${show.get('Result')}, exit status ${show.get('ExecMainStatus')}`] : []),
    ...(restarts > 0 ? [`restarted ${times(restarts)}`] : []),
    ...(show.get('UnitFileState') === 'enabled' ? [] : [`${show.get('UnitFileState') || 'not enabled'} for boot`]),
  ].join(', ');
};

const healthLine = (pieces: Pieces): string => {
  const said = pieces.values('healthz').join(' ').trim();
  const code = / ?(\d{3})$/.exec(said)?.[1];
  if (code === '200') return 'kubelet healthz (127.0.0.1:10248): ok';
  const text = said
    .replace(/ ?\d{3}$/, '')
    .replace(/^curl: \(\d+\) /, '')
    .trim();
  return `kubelet healthz (127.0.0.1:10248): ${code === undefined || code === '000' ? text || 'no answer' : `${code} ${text}`}`;
};

const bootstrapLine = (pieces: Pieces): string => {
  const files = new Set(pieces.values('file'));
  if (files.has('no-certificate'))
    return 'kubelet.conf exists, but not the certificate that it names: the kubelet has none yet';
  if (files.has('kubelet.conf')) return 'kubelet.conf exists: the kubelet has its certificate, or had one';
  return files.has('bootstrap-kubelet.conf')
    ? 'only bootstrap-kubelet.conf exists: the kubelet has no certificate yet'
    : 'neither kubelet.conf nor bootstrap-kubelet.conf exists';
};

/** The last different error lines; without any, the last line at all. What systemd says of the unit is in its state. */
const kubeletLines = (pieces: Pieces): string[] => {
  const lines = pieces
    .values('kubelet')
    .filter((text) => !text.startsWith('kubelet.service: '))
    .toReversed();
  const errors = lines.filter((text) => /^[EF]\d{4} /.test(text) || /\b(error|failed|fatal|panic)\b/i.test(text));
  const last = [...new Set(errors.map(klogText).toReversed())].slice(0, 4).toReversed();
  const shown = last.length > 0 ? last : lines.slice(-1).map(klogText);
  return shown.map((text) => `kubelet: ${text}`);
};

/** The word that tells a member whose data directory is older than what it once confirmed: it cannot be healed in place. */
const lostData = 'tocommit(';

/** Every etcd that is stopped says so of its listeners, as errors. */
const stopping = /use of closed network connection|http: Server closed/;

const etcdMessage = (text: string): { level: string; message: string } => {
  // <time> <stream> <F or P> <what etcd printed>
  const printed = text.replace(/^\S+ (?:stdout|stderr) [FP] /, '');
  try {
    const entry: unknown = JSON.parse(printed);
    if (typeof entry === 'object' && entry !== null) {
      const { level, msg, error } = entry as { level?: unknown; msg?: unknown; error?: unknown };
      const cause = typeof error === 'string' ? `: ${error}` : '';
      return {
        level: typeof level === 'string' ? level : '',
        message: `${typeof msg === 'string' ? msg : ''}${cause}`,
      };
    }
  } catch {
    // a panic is plain text
  }
  return { level: printed.startsWith('panic') || printed.includes(lostData) ? 'panic' : '', message: printed };
};

const etcdLines = (pieces: Pieces): string[] => {
  const log = pieces.first('etcd-log');
  if (log === undefined) return [];
  const restarts = Number(/\/(\d+)\.log$/.exec(log)?.[1] ?? 0);
  const messages = pieces.values('etcd').map(etcdMessage);
  const lost = messages.findLast(({ message }) => message.includes(lostData));
  const grave = messages.filter(
    ({ level, message }) => (level === 'panic' || level === 'fatal' || level === 'error') && !stopping.test(message),
  );
  const shown = [...new Set(grave.map(({ message }) => message).toReversed())].slice(0, 3).toReversed();
  if (restarts === 0 && shown.length === 0) return [];
  return [
    `etcd was restarted ${times(restarts)}; its log is /${log}`,
    ...(lost === undefined || shown.includes(lost.message) ? [] : [`etcd: ${lost.message}`]),
    ...shown.map((message) => `etcd: ${message}`),
  ];
};

/**
 * Why a bootstrap hangs, as far as the host knows: state of the kubelet's unit, its health, whether it has its
 * certificate, its last errors, and the last words of an etcd that keeps restarting. At most 12 lines of 300
 * characters, free of secrets; for the evidence of a failure.
 *
 * @throws QuorateError Unreachable, CommandFailed
 */
export const diagnoseKubelet = async (host: Host, { since, ...options }: DiagnoseOptions = {}): Promise<string[]> => {
  const what = 'asking the kubelet';
  const minutes = since === undefined ? 15 : Math.max(1, Math.ceil((Date.now() - since.getTime()) / 60_000));
  const script = diagnoseScript(minutes);
  const pieces = splitPieces(host.name, what, await execute(host, what, script, options));
  return [unitLine(pieces), healthLine(pieces), bootstrapLine(pieces), ...kubeletLines(pieces), ...etcdLines(pieces)]
    .map(line)
    .slice(0, mostLines);
};
