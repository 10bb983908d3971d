import semver from 'semver';
import type { HostFacts } from '../facts/host-facts.js';
import { parseAddress, sameAddress } from '../network-address.js';
import type { OperationContext } from '../operation.js';
import { definitionOf } from '../operations.js';
import { fatal, warning, type Finding } from './finding.js';

type Check = (context: OperationContext, host: HostFacts) => Finding[];

/** kubeadm compares identifiers of its preflight without case; so do we. */
const isIgnored = (context: OperationContext, identifier: string): boolean =>
  context.kubeadm.ignorePreflightErrors.some((one) => one.toLowerCase() === identifier.toLowerCase());

const isControlPlane = (context: OperationContext): boolean => definitionOf(context).hasEtcdMember;

/** The kubelet refuses cgroup v1 from 1.35 on unless told not to, and kubeadm's check must be ignored as well. */
const cgroup: Check = (context, host) => {
  const version = semver.parse(context.kubernetesVersion);
  if (host.cgroupVersion === 2 || version === null) return [];
  const { name } = context.target;
  const evidence = ['/sys/fs/cgroup is cgroup v1'];
  if (version.minor < 35)
    return [
      warning(
        'HostUnsuitable',
        `${name} runs cgroup v1, which Kubernetes gives up with v1.35`,
        `boot ${name} with cgroup v2 before the next upgrade`,
        evidence,
      ),
    ];
  const allowed = context.kubeadm.kubelet['failCgroupV1'] === false && isIgnored(context, 'SystemVerification');
  return allowed
    ? []
    : [
        fatal(
          'HostUnsuitable',
          `${name} runs cgroup v1; Kubernetes ${context.kubernetesVersion} needs cgroup v2`,
          `boot ${name} with systemd.unified_cgroup_hierarchy=1, or allow cgroup v1 with spec.kubeadm.kubelet.failCgroupV1: false and spec.kubeadm.ignorePreflightErrors: [SystemVerification]`,
          evidence,
        ),
      ];
};

/** kubeadm and etcd fail at such a link with words that do not name it. */
const brokenLinks: Check = (context, { brokenLinks: links = [] }) =>
  links.map((link) =>
    fatal(
      'HostUnsuitable',
      `${link} on ${context.target.name} is a link that leads to no folder of its own`,
      `make the folder that it leads to (mount its disk), or remove the link on ${context.target.name}, then try again`,
      [link],
    ),
  );

const swap: Check = (context, host) =>
  host.swapOn && context.kubeadm.kubelet['failSwapOn'] !== false
    ? [
        fatal(
          'HostUnsuitable',
          `${context.target.name} has swap on; the kubelet does not start with it`,
          `\`swapoff -a\` on ${context.target.name} and take swap out of /etc/fstab, or set spec.kubeadm.kubelet.failSwapOn: false`,
          ['/proc/swaps is not empty'],
        ),
      ]
    : [];

const programs: Check = (context, host) => {
  const { name } = context.target;
  const usesContainerd = context.kubeadm.criSocket.includes('containerd');
  const missing = (['kubeadm', 'kubelet', ...(usesContainerd ? (['containerd'] as const) : [])] as const).filter(
    (program) => host.versions[program] === undefined,
  );
  return [
    ...missing.map((program) =>
      fatal(
        'HostUnsuitable',
        `${program} is missing on ${name}`,
        `install ${program}${program === 'containerd' ? '' : ` ${context.kubernetesVersion}`} on ${name}`,
      ),
    ),
    ...(isControlPlane(context) && host.versions.kubectl === undefined
      ? [
          warning(
            'HostUnsuitable',
            `kubectl is missing on ${name}: Quorate cannot read the cluster through it`,
            `install kubectl ${context.kubernetesVersion} on ${name}`,
          ),
        ]
      : []),
  ];
};

const runtime: Check = (context, host) =>
  host.runtimeReady || (host.versions.containerd === undefined && context.kubeadm.criSocket.includes('containerd'))
    ? [] // a missing containerd is a finding of its own
    : [
        fatal(
          'HostUnsuitable',
          `the container runtime on ${context.target.name} does not answer at ${context.kubeadm.criSocket}`,
          `see \`systemctl status containerd\` on ${context.target.name}, or set spec.kubeadm.criSocket`,
          [`containerd.service is ${host.containerd.active}, ${host.containerd.enabled}`],
        ),
      ];

const leastFreeMiB = 1024;

const disk: Check = (context, host) => {
  const paths = ['/var/lib/kubelet', '/var/lib/containerd', ...(isControlPlane(context) ? ['/var/lib/etcd'] : [])];
  const full = paths.filter((path) => (host.diskFreeMiB[path] ?? leastFreeMiB) < leastFreeMiB);
  if (full.length === 0) return [];
  const evidence = full.map((path) => `${path}: ${host.diskFreeMiB[path]} MiB free`);
  return [
    fatal(
      'HostUnsuitable',
      `${context.target.name} has less than 1 GiB free for ${full.join(', ')}`,
      `make room on ${context.target.name}: etcd and the kubelet stop when their disk is full`,
      evidence,
    ),
  ];
};

/** kubeadm's own minimum for a control-plane node; it checks neither on a worker. */
const size: Check = (context, host) => {
  if (!isControlPlane(context)) return [];
  const { name } = context.target;
  const ignore = (identifier: string): string =>
    `give ${name} more, or list ${identifier} in spec.kubeadm.ignorePreflightErrors`;
  return [
    ...(host.cpus < 2 && !isIgnored(context, 'NumCPU')
      ? [fatal('HostUnsuitable', `${name} has ${host.cpus} CPU; a control-plane node needs 2`, ignore('NumCPU'))]
      : []),
    ...(host.memoryMiB < 1700 && !isIgnored(context, 'Mem')
      ? [
          fatal(
            'HostUnsuitable',
            `${name} has ${host.memoryMiB} MiB of memory; a control-plane node needs 1700`,
            ignore('Mem'),
          ),
        ]
      : []),
  ];
};

/** kubeadm looks at it only when the endpoint is an IP address; without it Pods reach nothing. Prepared by Quorate. */
const forwarding: Check = (context, host) => {
  const ipv6 = parseAddress(context.target.address)?.family === 6;
  const sysctl = ipv6 ? 'net.ipv6.conf.default.forwarding' : 'net.ipv4.ip_forward';
  const value = host.sysctls[sysctl];
  return value === undefined || value === '1'
    ? []
    : [
        warning(
          'HostUnsuitable',
          `${sysctl} is ${value} on ${context.target.name}; Quorate sets it to 1`,
          `set ${sysctl}=1 in /etc/sysctl.d of your own if other rules of yours turn it off again`,
        ),
      ];
};

const address: Check = (context, host) => {
  const { name, address: declared } = context.target;
  return host.addresses.some((one) => sameAddress(one.replace(/[/%].*$/, ''), declared))
    ? []
    : [
        fatal(
          'HostUnsuitable',
          `${declared} is not an address of ${name}`,
          `correct spec.hosts.${name}.address to one of ${host.addresses.join(', ') || 'its addresses'}, or see that ssh reaches the right machine`,
          [`hostname ${host.hostname}`, `addresses ${host.addresses.join(', ')}`],
        ),
      ];
};

const architectures = new Set(['x86_64', 'amd64', 'aarch64', 'arm64', 'ppc64le', 's390x']);

const architecture: Check = (context, host) =>
  architectures.has(host.architecture)
    ? []
    : [
        fatal(
          'HostUnsuitable',
          `${context.target.name} is a ${host.architecture} machine; Kubernetes has no images of the control plane or kube-proxy for it`,
          'use an x86_64, aarch64, ppc64le or s390x machine',
        ),
      ];

/**
 * Since 1.29 the user of admin.conf has no rights until kubeadm has given them, which it does through the endpoint: a
 * virtual address that waits for those rights never comes up. super-admin.conf needs none, and is on the first host alone.
 */
const kubeVip: Check = (context, host) => {
  const { name } = context.target;
  const version = semver.parse(context.kubernetesVersion);
  if (host.kubeVip === undefined || context.loadBalancer.kind !== 'external' || version === null || version.minor < 29)
    return [];
  const { file, kubeconfig } = host.kubeVip;
  const { makesCluster: first } = definitionOf(context);
  const evidence = [`${file}: the volume of its kubeconfig has the path ${kubeconfig}`];
  if (first && kubeconfig === '/etc/kubernetes/admin.conf')
    return [
      fatal(
        'HostUnsuitable',
        `kube-vip on ${name} uses admin.conf, which has no rights before the cluster is made: ${context.endpoint} would never answer`,
        `on ${name}: \`sed -i 's|path: /etc/kubernetes/admin.conf|path: /etc/kubernetes/super-admin.conf|' ${file}\`, then init again; put it back afterwards`,
        evidence,
      ),
    ];
  if (!first && kubeconfig === '/etc/kubernetes/super-admin.conf')
    return [
      warning(
        'HostUnsuitable',
        `kube-vip on ${name} uses super-admin.conf, which only the first control-plane host has: it will not start there`,
        `on ${name}: let the path of the volume in ${file} be /etc/kubernetes/admin.conf`,
        evidence,
      ),
    ];
  return [];
};

const checks: readonly Check[] = [
  address,
  architecture,
  programs,
  runtime,
  cgroup,
  brokenLinks,
  swap,
  size,
  disk,
  forwarding,
  kubeVip,
];

/** Whether the machine itself can carry a node. */
export const hostFindings: Check = (context, host) => checks.flatMap((check) => check(context, host));
