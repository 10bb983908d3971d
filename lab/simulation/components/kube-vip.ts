import { ApiError, callApi } from '../kubernetes/client.js';
import { readKubeconfig } from '../kubernetes/kubeconfig.js';
import { timestamp } from '../kubernetes/objects.js';
import type { KubernetesObject } from '../kubernetes/objects.js';
import type { ContainerProgram } from '../kubelet/container.js';

const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases';
const lock = 'plndr-cp-lock';
const kubeconfig = '/etc/kubernetes/admin.conf';
const startMs = 500;
const retryMs = 1_000;

/**
 * kube-vip as a static Pod: who holds its lease has the virtual address. It asks the API server of its own host, with the
 * kubeconfig that its Pod mounts.
 */
export const kubeVip: ContainerProgram = async (process, _args, pod) => {
  const { machine } = process;
  const { network } = machine.world;
  const address = pod.environment.get('address') ?? pod.environment.get('vip_address') ?? '';
  const durationSeconds = Number(pod.environment.get('vip_leaseduration') ?? 5);
  await process.work(startMs);
  const access = readKubeconfig(machine.files, pod.mounts.get(kubeconfig) ?? kubeconfig);
  if (access === undefined) {
    process.complain(
      `level=fatal msg="could not create k8s REST config: stat ${kubeconfig}: no such file or directory"\n`,
    );
    return 1;
  }
  const own = { ...access, server: `https://${machine.address}:6443` };
  const lease = (before?: KubernetesObject): string =>
    JSON.stringify({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: before?.metadata ?? { name: lock, namespace: 'kube-system' },
      spec: {
        holderIdentity: machine.name,
        leaseDurationSeconds: durationSeconds,
        renewTime: timestamp(machine.now()),
      },
    });
  /** Takes the lease, or keeps it. @returns whether this host leads. @throws ApiError */
  const lead = async (): Promise<boolean> => {
    let found: KubernetesObject;
    try {
      found = JSON.parse(await callApi(process, own, 'GET', `${leases}/${lock}`)) as KubernetesObject;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
      await callApi(process, own, 'POST', leases, { body: lease() });
      return true;
    }
    const { holderIdentity, renewTime } = (found.spec ?? {}) as { holderIdentity?: string; renewTime?: string };
    const age = machine.now() - Date.parse(renewTime ?? '');
    if (holderIdentity !== machine.name && age < durationSeconds * 1000) return false;
    await callApi(process, own, 'PUT', `${leases}/${lock}`, { body: lease(found) });
    return true;
  };
  try {
    for (;;) {
      try {
        if (await lead()) {
          machine.extraAddresses.add(address);
          if (network.at(address) !== machine) network.addAddress(address, machine);
        }
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        process.complain(`error retrieving resource lock kube-system/${lock}: ${error.message}\n`);
      }
      await process.work(retryMs);
    }
  } finally {
    machine.extraAddresses.delete(address);
    network.removeAddress(address, machine);
  }
};
