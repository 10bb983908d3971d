import { apiServerOf } from '../../model/control-plane.js';
import { QuorateError } from '../../model/failures/failure.js';
import { readUptime } from '../script/uptime.js';
import { requireSuccess } from '../ssh/execute.js';
import { quote } from '../ssh/quote.js';
import type { Host } from '../ssh/types.js';

// The health endpoints of kubeadm's static Pods. The mirror Pods in the API may come up to a minute late and prove less.
const checks = (address: string): readonly (readonly [name: string, url: string])[] => [
  ['kube-apiserver /readyz', `https://${apiServerOf(address)}/readyz`],
  ['kube-controller-manager /healthz', 'https://127.0.0.1:10257/healthz'],
  ['kube-scheduler /livez', 'https://127.0.0.1:10259/livez'],
  ['etcd /health', 'http://127.0.0.1:2381/health'],
];

/**
 * Waits on the host until its four static Pods answer their health checks.
 * @throws QuorateError ControlPlaneNotReady naming those that do not after `timeoutMs`; Unreachable; the signal's reason
 */
export const waitForControlPlane = async (
  host: Host,
  address: string,
  options: { timeoutMs: number; signal?: AbortSignal },
): Promise<void> => {
  const seconds = Math.max(1, Math.round(options.timeoutMs / 1000));
  const lines = checks(address).map(
    ([name, url]) => `code=$(curl -sk -m 3 -o /dev/null -w '%{http_code}' ${quote(url)}) || true
  case "$code" in 200|401|403) ;; *) left="\${left}${name} answers $code;" ;; esac`,
  );
  const script = `
${readUptime}
end=$((now + ${seconds}))
while :; do
  left=
  ${lines.join('\n  ')}
  [ -n "$left" ] || exit 0
  ${readUptime}
  [ "$now" -lt $end ] || { printf '%s\\n' "$left"; exit 0; }
  sleep 0.2
done`;
  const outcome = await host.run(script, {
    timeoutMs: options.timeoutMs + 20_000,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  options.signal?.throwIfAborted();
  const left = requireSuccess(host, 'waiting for the static Pods', outcome)
    .trim()
    .split(';')
    .filter((line) => line !== '');
  if (left.length === 0) return;
  throw new QuorateError(
    'ControlPlaneNotReady',
    `the control plane of ${host.name} is not ready after ${seconds} s: ${left.join(', ').replaceAll(' answers 000', ' does not answer')}`,
    {
      host: host.name,
      remedy: `read the logs below /var/log/pods/kube-system_* on ${host.name}, mend the cause, then retry`,
      evidence: left,
    },
  );
};
