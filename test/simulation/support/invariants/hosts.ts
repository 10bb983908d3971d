import { X509Certificate } from 'node:crypto';
import { hostOfUrl } from '../../../../lab/simulation/etcd/member.js';
import type { Simulation } from '../../../../lab/simulation/index.js';

const components = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
const label = 'node-role.kubernetes.io/control-plane';
const nodePorts = new Set([2379, 2380, 6443, 10_250, 10_257, 10_259]);

const peerHosts = (
  { observer }: Simulation,
  at?: string,
): (readonly [string, ReturnType<typeof observer.members>[number]])[] =>
  observer.members(at).flatMap((member) => member.peerUrls.map((url) => [hostOfUrl(url), member] as const));

/** Members of etcd that have the address of a host. @param at a host of the cluster; default the first that is found */
export const membersAt = (
  simulation: Simulation,
  host: string,
  at?: string,
): readonly ReturnType<Simulation['observer']['members']>[number][] =>
  peerHosts(simulation, at)
    .filter(([address]) => address === simulation.host(host).address)
    .map(([, member]) => member);

/** What a host that was reported joined as control plane lacks of the four proofs. */
export const lackingAsControlPlane = async (simulation: Simulation, host: string, at?: string): Promise<string[]> => {
  const { observer, hosts } = simulation;
  const { machine } = simulation.host(host);
  const members = membersAt(simulation, host, at);
  const [member] = members;
  const stopped = components.filter((name) => machine.staticPods.named(name)?.isRunning !== true);
  const balancers = hosts.filter(({ kind }) => kind === 'load-balancer');
  const backends = await Promise.all(
    balancers.map(async ({ name }) => ({
      name,
      status: (await observer.backends(name)).find((one) => one.name === host)?.status ?? 'not registered',
    })),
  );
  return [
    ...(member === undefined
      ? ['no etcd member']
      : member.isLearner || member.name !== host || !member.isHealthy
        ? [`its etcd member is ${member.isLearner ? 'a learner' : member.name === '' ? 'not started' : 'not healthy'}`]
        : []),
    ...(observer.isServing(host) ? [] : ['its API server is not ready']),
    ...(stopped.length === 0 ? [] : [`static Pods that do not run: ${stopped.join(', ')}`]),
    ...lackingNode(simulation, host, { controlPlane: true, at }),
    ...backends
      .filter(({ status }) => !status.startsWith('UP'))
      .map(({ name, status }) => `on ${name} its backend is ${status}`),
  ];
};

const lackingNode = (
  { observer }: Simulation,
  host: string,
  { controlPlane, at }: { controlPlane: boolean; at: string | undefined },
): string[] => {
  const node = observer.nodes(at).find(({ name }) => name === host);
  if (node === undefined) return ['no Node'];
  return [
    ...(node.ready ? [] : ['its Node is not Ready']),
    ...(controlPlane && node.labels[label] === undefined ? [`its Node lacks the label ${label}`] : []),
    ...(controlPlane && !node.taints.includes(`${label}:NoSchedule`) ? [`its Node lacks the taint ${label}`] : []),
  ];
};

/** What a host that was reported joined as worker lacks: a Ready Node, and a kubelet's certificate of this cluster's CA. */
export const lackingAsWorker = (simulation: Simulation, host: string, at?: string): string[] => {
  const { observer } = simulation;
  const certificate = observer.read(host, '/var/lib/kubelet/pki/kubelet-client-current.pem');
  const asked = at === undefined ? simulation.hosts : [simulation.host(at)];
  const cas = asked.flatMap(({ name }) =>
    observer.isServing(name) ? (observer.read(name, '/etc/kubernetes/pki/ca.crt') ?? []) : [],
  );
  const isIssued = (text: string): boolean => {
    const own = new X509Certificate(text);
    return (
      own.subject.includes(`system:node:${host}`) && cas.some((ca) => own.verify(new X509Certificate(ca).publicKey))
    );
  };
  return [
    ...lackingNode(simulation, host, { controlPlane: false, at }),
    ...(certificate !== undefined && isIssued(certificate)
      ? []
      : ["its kubelet has no client certificate of this cluster's CA"]),
  ];
};

/** What is left on a host that was reported clean, and of it in the cluster. */
export const leftOf = async (
  simulation: Simulation,
  host: string,
  {
    at,
    isServerOfPeople,
  }: { readonly at?: string | undefined; readonly isServerOfPeople: (server: string) => boolean },
): Promise<string[]> => {
  const { observer, hosts } = simulation;
  const { machine } = simulation.host(host);
  const files = [
    ...observer.files(host, '/etc/kubernetes').filter((path) => /\/(pki|manifests|tmp)\/|\.conf$/.test(path)),
    ...observer.files(host, '/var/lib/etcd'),
    ...observer.files(host, '/var/lib/kubelet'),
    ...observer.files(host, '/etc/cni/net.d'),
    ...observer.files(host, '/var/lib/quorate').filter((path) => path.endsWith('marker.json')),
  ];
  const ports = machine.listeners.filter(({ port }) => nodePorts.has(port));
  const balancers = isServerOfPeople(host) ? [] : hosts.filter(({ kind }) => kind === 'load-balancer');
  const backends = await Promise.all(
    balancers.map(async ({ name }) => ((await observer.backends(name)).some((one) => one.name === host) ? [name] : [])),
  );
  return [
    ...(files.length === 0 ? [] : [`${files.length} files, such as ${files[0]}`]),
    ...(ports.length === 0 ? [] : [`ports ${ports.map(({ port }) => port).join(', ')}`]),
    ...(machine.kubelet === undefined ? [] : ['a running kubelet']),
    ...machine.mounts
      .all()
      .filter(({ path }) => path.startsWith('/var/lib/kubelet'))
      .map(({ path }) => `the mount ${path}`),
    ...[...machine.packetFilter.keys()]
      .filter((table) => table.includes('kube'))
      .map((table) => `the packet filter ${table}`),
    ...membersAt(simulation, host, at).map(({ id }) => `the etcd member ${id}`),
    ...(observer.nodes(at).some(({ name }) => name === host) ? ['its Node'] : []),
    ...backends.flat().map((name) => `its backend on ${name}`),
  ];
};
