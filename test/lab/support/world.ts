import { z } from 'zod';
import type { Lab } from '../../../lab/index.js';

// The world as an independent observer sees it: commands on the hosts, not the product's own report.

const Member = z.object({
  ID: z.string(),
  name: z.string().optional(),
  peerURLs: z.array(z.string()),
  clientURLs: z.array(z.string()).optional(),
  isLearner: z.boolean().optional(),
});
export type Member = z.infer<typeof Member>;

export const etcdctl =
  'etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key';
export const kubectl = 'kubectl --kubeconfig /etc/kubernetes/admin.conf';

/** @param consistency `s` answers without a quorum as well */
export const etcdMembers = async (lab: Lab, host = 'cp1', consistency: 'l' | 's' = 'l'): Promise<Member[]> => {
  const text = await lab.host(host).check(`${etcdctl} member list -w json --hex --consistency=${consistency}`);
  return z.object({ members: z.array(Member) }).parse(JSON.parse(text)).members;
};

export const startedVoters = async (lab: Lab, host = 'cp1'): Promise<string[]> =>
  (await etcdMembers(lab, host))
    .filter((member) => member.isLearner !== true && (member.name ?? '') !== '')
    .map((member) => member.name ?? '')
    .sort();

/** Names of Nodes by whether they are Ready. */
export const nodes = async (lab: Lab, host = 'cp1'): Promise<Record<string, string>> => {
  const text = await lab
    .host(host)
    .check(
      `${kubectl} get nodes -o jsonpath='{range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'`,
    );
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('=') as [string, string]),
  );
};

/** Status of each server of the backend by HAProxy's runtime socket. */
export const backends = async (lab: Lab, host = 'lb1'): Promise<Record<string, string>> => {
  const csv = await lab.host(host).check('echo "show stat" | socat stdio /run/haproxy/admin.sock');
  const [head = '', ...rows] = csv.replace(/^# /, '').trim().split('\n');
  const columns = head.split(',');
  const at = (row: string, column: string): string => row.split(',')[columns.indexOf(column)] ?? '';
  return Object.fromEntries(
    rows
      .filter((row) => !['FRONTEND', 'BACKEND'].includes(at(row, 'svname')))
      .map((row) => [at(row, 'svname'), at(row, 'status')]),
  );
};

/** Bootstrap tokens, kubeadm-certs and its owner that are left in the cluster. */
export const leftoverSecrets = async (lab: Lab, host = 'cp1'): Promise<string[]> => {
  const text = await lab
    .host(host)
    .check(`${kubectl} -n kube-system get secrets -o jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}'`);
  return text.split('\n').filter((name) => name.startsWith('bootstrap-token-') || name === 'kubeadm-certs');
};

/** What is left below /run/quorate on a host. */
export const runFiles = async (lab: Lab, host: string): Promise<string[]> =>
  (await lab.host(host).check('find /run/quorate -type f 2>/dev/null || true'))
    .split('\n')
    .filter((line) => line !== '');

export const readyzThroughEndpoint = async (lab: Lab, host: string, endpoint: string): Promise<string> =>
  (await lab.host(host).check(`curl -sk -m 5 https://${endpoint}/readyz`)).trim();

/** Waits until a condition of the world holds. */
export const eventually = async (what: string, holds: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  let problem = '';
  for (;;) {
    try {
      if (await holds()) return;
    } catch (error) {
      problem = String(error);
    }
    if (Date.now() > deadline) throw new Error(`not after ${timeoutMs} ms: ${what} ${problem}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};
