import { readFileSync } from 'node:fs';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Lab } from '../../../lab/index.js';

const watcher = `
mkdir -p /root/seen
while :; do
  for f in /run/quorate/*/* /run/quorate/*; do [ -f "$f" ] && cat "$f" >> /root/seen/files 2>/dev/null; done
  sleep 0.1
done`;

/** Notes on every host, from the outside, each file that ever exists below /run/quorate. */
export const watchSecrets = async (lab: Lab): Promise<void> => {
  for (const host of lab.hosts) {
    await host.check('cat > /root/watch-secrets.sh', { stdin: watcher });
    await host.check('systemd-run --quiet --unit=lab-secret-watcher /bin/sh /root/watch-secrets.sh');
  }
};

const tokenPattern = /\b[a-z0-9]{6}\.([a-z0-9]{16})\b/g;
const keyPattern = /certificateKey:\s*"?([0-9a-f]{64})/g;

/** Secret parts of every token and certificate key that was seen, and lines out of every private key on the hosts. */
export const collectSecrets = async (
  lab: Lab,
): Promise<{ tokens: string[]; certificateKeys: string[]; privateKeys: string[] }> => {
  const tokens = new Set<string>();
  const certificateKeys = new Set<string>();
  const privateKeys = new Set<string>();
  for (const host of lab.hosts) {
    const seen = await host.check('cat /root/seen/files 2>/dev/null || true');
    for (const match of seen.matchAll(tokenPattern)) tokens.add(match[1] ?? '');
    for (const match of seen.matchAll(keyPattern)) certificateKeys.add(match[1] ?? '');
    const keys = await host.check(
      `for f in /etc/kubernetes/pki/*.key /etc/kubernetes/pki/etcd/*.key /etc/ssh/ssh_host_*_key; do [ -f "$f" ] && sed -n 3p "$f"; done; grep -hs client-key-data /etc/kubernetes/*.conf | awk '{print substr($2, 100, 60)}'; true`,
    );
    for (const line of keys.split('\n')) if (line.trim().length > 30) privateKeys.add(line.trim());
  }
  return { tokens: [...tokens], certificateKeys: [...certificateKeys], privateKeys: [...privateKeys] };
};

/** Every text in a history, payloads decoded. */
const textsOf = (value: unknown, into: string[]): void => {
  if (typeof value === 'string') {
    into.push(value);
    if (value.length >= 16 && /^[A-Za-z0-9+/=]+$/.test(value)) into.push(Buffer.from(value, 'base64').toString('utf8'));
  } else if (Array.isArray(value)) for (const item of value) textsOf(item, into);
  else if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) textsOf(item, into);
};

/** Where a secret is found: histories of all workflows, the worker's log, the logs of units and the journal of the hosts. */
export const findSecrets = async (
  secrets: readonly string[],
  places: { lab: Lab; client: Client; workerLog: string },
): Promise<{ found: string[]; searched: string[] }> => {
  const found: string[] = [];
  const searched: string[] = [];
  const search = (place: string, text: string): void => {
    searched.push(place);
    for (const secret of secrets) if (text.includes(secret)) found.push(`${place}: ${secret.slice(0, 4)}...`);
  };
  for await (const { workflowId, runId } of places.client.workflow.list()) {
    const history = await places.client.workflow.getHandle(workflowId, runId).fetchHistory();
    const texts: string[] = [];
    textsOf(JSON.parse(historyToJSON(history)), texts);
    search(`history ${workflowId}`, texts.join('\n'));
  }
  search('worker log', readFileSync(places.workerLog, 'utf8'));
  for (const host of places.lab.hosts) {
    for (const [place, script] of [
      ['unit logs', 'cat /var/log/quorate/*.log 2>/dev/null || true'],
      ['journal', 'journalctl --no-pager -o cat 2>/dev/null || true'],
    ] as const) {
      search(`${place} of ${host.name}`, await host.check(script));
    }
  }
  return { found, searched };
};
