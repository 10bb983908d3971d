import { klog } from '../../../kubelet/bootstrap.js';
import { findProgram } from '../../../shell/external.js';
import type { Process } from '../../../system/process.js';
import { enablement } from '../../../system/unit-file.js';
import { imagesOn, runtimeVersion } from '../../containerd.js';
import type { NodeRegistration } from '../configuration.js';
import { imagesOf, pullImages } from './images.js';
import { CommandFailure, say } from '../output.js';

interface Finding {
  readonly check: string;
  readonly message: string;
  readonly warning?: boolean;
}

const dashed = (path: string): string => path.replaceAll('/', '-');

const cgroupV1 =
  "cgroups v1 support is deprecated and will be removed in a future release. Please migrate to cgroups v2. To explicitly enable cgroups v1 support for kubelet v1.35 or newer, you must set the kubelet configuration option 'FailCgroupV1' to 'false'. You must also explicitly skip this validation. For more information, see https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1";

const oldRuntime =
  'You must update your container runtime to a version that supports the CRI method RuntimeConfig. Falling back to using cgroupDriver from kubelet config will be removed in 1.38. For more information, see https://git.k8s.io/enhancements/keps/sig-node/4033-group-driver-detection-over-cri';

const port = (process: Process, number: number): Finding[] =>
  process.machine.listeners.some((one) => one.port === number)
    ? [{ check: `Port-${number}`, message: `Port ${number} is in use` }]
    : [];

const fileAvailable = (process: Process, path: string): Finding[] =>
  process.machine.files.exists(path)
    ? [{ check: `FileAvailable-${dashed(path)}`, message: `${path} already exists` }]
    : [];

const directoryAvailable = (process: Process, path: string): Finding[] => {
  const { files } = process.machine;
  return files.isDirectory(path) && files.list(path).length > 0
    ? [{ check: `DirAvailable-${dashed(path)}`, message: `${path} is not empty` }]
    : [];
};

const runtime = (process: Process): Finding[] => {
  if (!process.machine.sockets.has('/run/containerd/containerd.sock'))
    return [
      {
        check: 'CRI',
        message:
          'could not connect to the container runtime: failed to create new CRI runtime service: validate service connection: validate CRI v1 runtime API for endpoint "unix:///run/containerd/containerd.sock": rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory"',
      },
    ];
  // containerd 1.6, which Debian 12 has
  if (runtimeVersion.startsWith('1.6'))
    klog(
      process,
      'E',
      'remote_runtime.go:1359',
      '"RuntimeConfig from runtime service failed" err="rpc error: code = Unimplemented desc = unknown method RuntimeConfig for service runtime.v1.RuntimeService"',
    );
  return [{ check: 'ContainerRuntimeVersion', message: oldRuntime, warning: true }];
};

/** What kubeadm looks at on every host. */
const general = (process: Process, nodeName: string): Finding[] => {
  const { machine } = process;
  const missing = ['ip', 'mount'].filter((name) => findProgram(process, name) === undefined);
  return [
    ...(process.uid === 0 ? [] : [{ check: 'IsPrivilegedUser', message: 'user is not running as root' }]),
    ...runtime(process),
    ...(machine.cgroupVersion === 1 ? [{ check: 'SystemVerification', message: cgroupV1 }] : []),
    ...(findProgram(process, 'kubelet') === undefined
      ? [
          {
            check: 'KubeletVersion',
            message:
              "couldn't get kubelet version: cannot execute 'kubelet --version': executable file not found in $PATH",
          },
        ]
      : []),
    ...missing.map((name) => ({ check: `FileExisting-${name}`, message: `${name} not found in system path` })),
    ...(machine.swap
      ? [
          {
            check: 'Swap',
            message:
              'swap is supported for cgroup v2 only. The kubelet must be properly configured to use swap. Please refer to https://kubernetes.io/docs/concepts/architecture/nodes/#swap-memory, or disable swap on the node',
            warning: true,
          },
        ]
      : []),
    ...(enablement(machine.files, 'kubelet.service') === 'enabled'
      ? []
      : [
          {
            check: 'Service-kubelet',
            message: "kubelet service is not enabled, please run 'systemctl enable kubelet.service'",
            warning: true,
          },
        ]),
    ...(machine.network.resolve(nodeName) === undefined
      ? [{ check: 'Hostname', message: `hostname "${nodeName}" could not be reached`, warning: true }]
      : []),
    ...port(process, 10_250),
  ];
};

const forwarding = (process: Process): Finding[] =>
  process.machine.sysctls.get('net.ipv4.ip_forward') === '1'
    ? []
    : [
        {
          check: 'FileContent--proc-sys-net-ipv4-ip_forward',
          message: '/proc/sys/net/ipv4/ip_forward contents are not set to 1',
        },
      ];

const memory = (process: Process): Finding[] => [
  ...(process.machine.cpus < 2
    ? [{ check: 'NumCPU', message: `the number of available CPUs ${process.machine.cpus} is less than the required 2` }]
    : []),
  ...(process.machine.memoryKiB < 1_700 * 1024
    ? [
        {
          check: 'Mem',
          message: `the system RAM (${Math.floor(process.machine.memoryKiB / 1024)} MB) is less than the minimum 1700 MB`,
        },
      ]
    : []),
];

const manifests = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'].map(
  (name) => `/etc/kubernetes/manifests/${name}.yaml`,
);

/** Makes the checks one after the other, prints what they find, the ignored as warnings. @throws CommandFailure when something is left */
const report = (process: Process, checks: readonly (() => readonly Finding[])[], ignored: readonly string[]): void => {
  const lower = new Set(ignored.map((one) => one.toLowerCase()));
  const isWarning = ({ check, warning }: Finding): boolean =>
    warning === true || lower.has('all') || lower.has(check.toLowerCase());
  const errors: Finding[] = [];
  for (const check of checks)
    for (const finding of check())
      if (isWarning(finding)) process.complain(`\t[WARNING ${finding.check}]: ${finding.message}\n`);
      else errors.push(finding);
  if (errors.length === 0) return;
  process.complain('[preflight] Some fatal errors occurred:\n');
  for (const { check, message } of errors) process.complain(`\t[ERROR ${check}]: ${message}\n`);
  process.complain(
    '[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`\n',
  );
  throw new CommandFailure('preflight checks failed');
};

export interface Preflight {
  readonly nodeName: string;
  readonly registration: NodeRegistration;
}

const checkMs = 250;

/** Checks before `init`. @throws CommandFailure */
export const checkForInit = async (process: Process, { nodeName, registration }: Preflight): Promise<void> => {
  say(process, '[preflight] Running pre-flight checks');
  await process.work(checkMs);
  report(
    process,
    [
      () => memory(process),
      () => [6443, 10_259, 10_257].flatMap((number) => port(process, number)),
      () => manifests.flatMap((path) => fileAvailable(process, path)),
      () => forwarding(process),
      () => general(process, nodeName),
      () => [2379, 2380].flatMap((number) => port(process, number)),
      () => directoryAvailable(process, '/var/lib/etcd'),
    ],
    registration.ignorePreflightErrors ?? [],
  );
};

/** Checks before `join`, on every host. @throws CommandFailure */
export const checkForJoin = async (
  process: Process,
  {
    nodeName,
    registration,
    controlPlane,
    endpoint,
  }: Preflight & { readonly controlPlane: boolean; readonly endpoint: string },
): Promise<void> => {
  say(process, '[preflight] Running pre-flight checks');
  await process.work(checkMs);
  report(
    process,
    [
      () => fileAvailable(process, '/etc/kubernetes/kubelet.conf'),
      () => fileAvailable(process, '/etc/kubernetes/bootstrap-kubelet.conf'),
      () => general(process, nodeName),
      () => (controlPlane ? [] : fileAvailable(process, '/etc/kubernetes/pki/ca.crt')),
      () => (/^[\d.]+:\d+$/.test(endpoint) ? forwarding(process) : []),
    ],
    registration.ignorePreflightErrors ?? [],
  );
};

/** The second part for a host that becomes a control plane. @throws CommandFailure */
export const checkForControlPlane = async (process: Process, { registration }: Preflight): Promise<void> => {
  say(process, '[preflight] Running pre-flight checks before initializing the new control plane instance');
  await process.work(checkMs);
  report(
    process,
    [
      () => memory(process),
      () => [6443, 10_259, 10_257].flatMap((number) => port(process, number)),
      () => manifests.flatMap((path) => fileAvailable(process, path)),
      () => [2379, 2380].flatMap((number) => port(process, number)),
      () => directoryAvailable(process, '/var/lib/etcd'),
    ],
    registration.ignorePreflightErrors ?? [],
  );
};

/** Pulls what is missing, unless the policy is not to. @throws CommandFailure */
export const pullForControlPlane = async (
  process: Process,
  version: string,
  registration: NodeRegistration,
): Promise<void> => {
  say(
    process,
    '[preflight] Pulling images required for setting up a Kubernetes cluster',
    '[preflight] This might take a minute or two, depending on the speed of your internet connection',
    "[preflight] You can also perform this action beforehand using 'kubeadm config images pull'",
  );
  const missing = imagesOf(version).filter((image) => !imagesOn(process).includes(image));
  if (missing.length === 0) return;
  try {
    if (registration.imagePullPolicy === 'Never')
      throw new CommandFailure(`image ${missing[0]} is not present and the pull policy is Never`);
    await pullImages(process, missing, false);
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    report(
      process,
      [() => [{ check: 'ImagePull', message: error instanceof Error ? error.message : '' }]],
      registration.ignorePreflightErrors ?? [],
    );
  }
};
