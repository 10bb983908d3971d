import { setTimeout as sleep } from 'node:timers/promises';
import { checkedOf } from '../../../model/checked.js';
import type { Checked } from '../../../model/checked.js';
import { keepOf } from '../../../model/reset/keep.js';
import type { OperationContext } from '../../../model/operation.js';
import { describeDirt } from '../../../model/preflight/dirt.js';
import { isOwnAttempt } from '../../../model/preflight/ownership.js';
import type { Stage } from './stage.js';

export const adminKubectl = 'kubectl --kubeconfig /etc/kubernetes/admin.conf';
export const etcdctl =
  'etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key';

/** A script that waits until HAProxy has seen that a server does not answer. */
export const untilDown = (server: string): string =>
  `for _ in $(seq 100); do echo 'show stat' | socat stdio UNIX-CONNECT:/run/haproxy/admin.sock | grep '^kube-apiserver,${server},' | grep -q DOWN && exit 0; sleep 0.2; done; exit 1`;

/** Waits, unseen, until every Node is Ready and every member serves: what changes by itself cannot be compared. */
export const settle = async ({ lab }: Stage, nodes: number, on = 'cp1'): Promise<void> => {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const { stdout } = await lab
      .host(on)
      .run(
        `${adminKubectl} get nodes -o jsonpath='{range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'`,
      );
    const ready = stdout.split('\n').filter((line) => line.trim() === 'True').length;
    const { stdout: answer } = await lab.host(on).run(`curl -sk -m 3 https://${lab.host('lb1').address}:6443/readyz`);
    if (ready === nodes && answer === 'ok') return;
    if (Date.now() > deadline) throw new Error(`not ${nodes} Nodes Ready: ${stdout}`);
    await sleep(300);
  }
};

/**
 * Reads the world and says what destructive acts rest on, as the steps `read` and `check` of an operation do; what was
 * there before the operation's first is remembered for its undo.
 */
export const read = async (stage: Stage, context: OperationContext): Promise<Checked> => {
  const host = await stage.act('readHost', context);
  const cluster = await stage.act('readCluster', context);
  await stage.act('checkReach', context);
  if (host === undefined || cluster === undefined) throw new Error(`${context.target.name} could not be read`);
  if (!stage.before.has(context.operation)) {
    const node = cluster.nodes.find(({ name }) => name === context.target.name);
    const keep = keepOf(host, { reset: describeDirt(context, host, cluster) !== undefined });
    stage.before.set(context.operation, {
      ...(node === undefined ? {} : { nodeUid: node.uid }),
      machineId: host.machineId,
      keep,
    });
  }
  return checkedOf(context, host, cluster, isOwnAttempt(context, host));
};

export const join = async (stage: Stage, context: OperationContext, nodes: number): Promise<void> => {
  const controlPlane = context.kind === 'join-control-plane';
  const checked = await read(stage, context);
  if (controlPlane) {
    await stage.act('snapshotEtcd', context);
    await stage.act('removeStaleMember', context, checked);
  }
  await stage.act('resetHost', context, checked);
  await stage.act('prepareHost', context);
  await stage.act('createCredentials', context);
  if (controlPlane) await stage.act('registerBackend', context, false);
  await stage.act('runKubeadm', context, checked);
  await settle(stage, nodes);
  await stage.act(controlPlane ? 'proveControlPlane' : 'proveWorker', context);
  if (controlPlane) await stage.act('enableBackend', context);
  await stage.act('revokeCredentials', context);
};

/** What `quorate status` reads of the cluster. */
export const readStatus = async (stage: Stage): Promise<void> => {
  await stage.act('readStatus', stage.context('init', 'cp1'));
};
