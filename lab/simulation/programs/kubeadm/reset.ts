import type { Process } from '../../system/process.js';
import { parseOptions } from '../../text/input.js';
import { ApiError, callApi } from '../../kubernetes/client.js';
import type { Access } from '../../kubernetes/client.js';
import { readKubeconfig } from '../../kubernetes/kubeconfig.js';
import { configMaps } from '../../kubernetes/store.js';
import { adminConf, pathOf } from './access.js';
import { readConfiguration } from './configuration.js';
import { callEtcd, EtcdCallError, listMembers } from './etcd-client.js';
import { CommandFailure, inPhase, say } from './output.js';

const stopMs = 400;
const files = ['admin', 'super-admin', 'kubelet', 'bootstrap-kubelet', 'controller-manager', 'scheduler'].map(
  (name) => `/etc/kubernetes/${name}.conf`,
);

const emptyFolder = (process: Process, path: string): void => {
  const { files: tree } = process.machine;
  if (!tree.isDirectory(path)) return;
  for (const name of tree.list(path)) tree.remove(`${path}/${name}`);
};

/** Leaves etcd as far as it can; that it could not is a warning. */
const leaveEtcd = async (process: Process, kubeconfig: string): Promise<void> => {
  const { machine } = process;
  if (!machine.files.exists('/etc/kubernetes/manifests/etcd.yaml')) {
    say(
      process,
      '[reset] No etcd config found. Assuming external etcd',
      '[reset] Please, manually reset etcd to prevent further issues',
    );
    return;
  }
  if (readKubeconfig(machine.files, kubeconfig) === undefined)
    say(process, '[reset] No kubeadm config, using etcd pod spec to get data directory');
  else {
    try {
      const members = await listMembers(process, `https://${machine.address}:2379`);
      const own = members.find(({ peerURLs }) => peerURLs.includes(`https://${machine.address}:2380`));
      if (own !== undefined && members.length > 1)
        await callEtcd(process, `https://${machine.address}:2379`, '/v3/cluster/member/remove', { ID: own.ID });
    } catch (error) {
      if (!(error instanceof EtcdCallError)) throw error;
      process.complain(
        `W ${new Date(machine.now()).toISOString()} removeetcdmember.go:106] [reset] Failed to remove etcd member: ${error.message}, please manually remove this etcd member using etcdctl\n`,
      );
    }
  }
  emptyFolder(process, '/var/lib/etcd');
};

const unmount = (process: Process, lazily: boolean): void => {
  say(process, '[reset] Unmounting mounted directories in "/var/lib/kubelet"');
  const { mounts } = process.machine;
  for (const { path } of mounts.all().filter((mount) => mount.path.startsWith('/var/lib/kubelet/')))
    if (mounts.remove(path, lazily) === 'busy')
      throw new CommandFailure(
        `failed to unmount some directories: [failed to unmount "${path}": device or resource busy]`,
      );
};

const readMs = 10_000;

/** With a kubeconfig it asks for the cluster's configuration first; that nobody answers is a warning. */
const readCluster = async (process: Process, access: Access): Promise<void> => {
  say(process, '[reset] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...');
  try {
    await callApi(process, access, 'GET', pathOf(configMaps, 'kube-system', 'kubeadm-config'));
    say(process, "[reset] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 0) await process.work(readMs);
    process.complain(
      `W${clock(process)} reset.go:143] [reset] Unable to fetch the kubeadm-config ConfigMap from cluster: failed to get config map: ${error.message}\n`,
    );
  }
};

const clock = ({ machine, pid }: Process): string => {
  const at = new Date(machine.now()).toISOString();
  return `${at.slice(5, 7)}${at.slice(8, 10)} ${at.slice(11, 23)}000 ${String(pid).padStart(7)}`;
};

/** `kubeadm reset`. @throws PhaseFailure, CommandFailure */
export const reset = async (process: Process, args: readonly string[]): Promise<number> => {
  const { values, flags } = parseOptions(args, '', ['config', 'kubeconfig', 'cri-socket', 'skip-phases']);
  const configuration = readConfiguration(process, values.get('config')).ResetConfiguration ?? {};
  const { machine } = process;
  if (configuration.force !== true && !flags.has('f') && !flags.has('force')) {
    process.print(
      "[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' will be reverted.\n[reset] Are you sure you want to proceed? [y/N]: ",
    );
    if (!/^y/i.test((await process.during(process.stdin.readLine())) ?? ''))
      throw new CommandFailure("won't proceed; the user didn't answer (Y|y) in order to continue");
  }
  const kubeconfig = readKubeconfig(machine.files, values.get('kubeconfig') ?? adminConf);
  if (kubeconfig !== undefined) await readCluster(process, kubeconfig);
  say(process, '[preflight] Running pre-flight checks');
  await process.work(stopMs);
  const skipped = [...(configuration.skipPhases ?? []), ...(values.get('skip-phases') ?? '').split(',')];
  if (!skipped.includes('remove-etcd-member'))
    await inPhase('remove-etcd-member', () => leaveEtcd(process, values.get('kubeconfig') ?? adminConf));
  await inPhase('cleanup-node', async () => {
    say(process, '[reset] Stopping the kubelet service');
    await process.during(machine.systemd.unit('kubelet.service')?.stop() ?? Promise.resolve());
    unmount(process, (configuration.unmountFlags ?? []).includes('MNT_DETACH'));
    if (machine.sockets.has('/run/containerd/containerd.sock')) machine.staticPods.removeAll();
    else process.complain('[reset] Failed to remove containers: container runtime is not running\n');
    await process.work(stopMs);
    const folders = [
      '/etc/kubernetes/manifests',
      '/var/lib/kubelet',
      '/etc/kubernetes/pki',
      ...(configuration.cleanupTmpDir === true || flags.has('cleanup-tmp-dir') ? ['/etc/kubernetes/tmp'] : []),
    ];
    say(process, `[reset] Deleting contents of directories: [${folders.join(' ')}]`);
    for (const folder of folders) emptyFolder(process, folder);
    say(process, `[reset] Deleting files: [${files.join(' ')}]`);
    for (const file of files) if (machine.files.look(file, false) !== undefined) machine.files.remove(file);
  });
  say(
    process,
    '',
    'The reset process does not perform cleanup of CNI plugin configuration,',
    'network filtering rules and kubeconfig files.',
    '',
    'For information on how to perform this cleanup manually, please see:',
    '    https://k8s.io/docs/reference/setup-tools/kubeadm/kubeadm-reset/',
    '',
  );
  return 0;
};
