// What people do to hosts themselves, without Quorate.
import type { LabHost } from '../../../lab/host/host.js';
import type { Specification } from '../../../model/specification/specification.js';

/** Where people work: its hosts, and what the cluster is to be. */
export interface Place {
  readonly specification: Specification;
  host(name: string): Pick<LabHost, 'address' | 'console'>;
}

/** @throws Error when it fails */
const onConsole = async (place: Place, host: string, script: string, stdin?: string): Promise<string> => {
  const { code, stdout, stderr } = await place.host(host).console(script, stdin === undefined ? {} : { stdin });
  if (code !== 0) throw new Error(`${host}: ${script}\nended with ${code}: ${stderr}${stdout}`);
  return stdout;
};

/** What kubeadm has to be told of a host besides, in the lab. */
const registration = (address: string, name?: string): string => `nodeRegistration:
  ${name === undefined ? '' : `name: ${name}`}
  ignorePreflightErrors: [SystemVerification]
  kubeletExtraArgs: [{ name: node-ip, value: ${address} }]`;

/** Runs kubeadm with a configuration file that is gone afterwards. @param seconds it is stopped after that time */
const withFile = async (
  place: Place,
  host: string,
  command: 'init' | 'join',
  yaml: string,
  seconds: number,
): Promise<void> => {
  const file = `/root/${command}.yaml`;
  await onConsole(place, host, `cat > ${file}`, yaml);
  const run = `timeout ${seconds} kubeadm ${command} --config ${file}`;
  await onConsole(place, host, `${run}; code=$?; rm ${file}; exit $code`);
};

/** As long as kubeadm takes. */
const unlimited = 3_600;

/** Somebody makes a cluster of its own of a host. @throws Error when it fails */
export const initByHand = (place: Place, host: string, seconds = unlimited): Promise<void> => {
  const { address } = place.host(host);
  return withFile(
    place,
    host,
    'init',
    `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: ${address} }
skipPhases: [addon/kube-proxy, addon/coredns]
${registration(address)}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: ${place.specification.spec.kubernetesVersion}
controlPlaneEndpoint: ${address}:6443
networking: { podSubnet: 10.250.0.0/16, serviceSubnet: 10.100.0.0/16 }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: systemd
`,
    seconds,
  );
};

export interface JoinByHand {
  /** Control-plane host on which the token is made; default cp1. */
  readonly at?: string;
  /** kubeadm is stopped after that many seconds; default never. */
  readonly seconds?: number;
}

const join = async (
  place: Place,
  host: string,
  { at = 'cp1', seconds = unlimited }: JoinByHand,
  { name, controlPlane = '' }: { readonly name?: string | undefined; readonly controlPlane?: string },
): Promise<void> => {
  const token = (await onConsole(place, at, 'kubeadm token create')).trim();
  const yaml = `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
${registration(place.host(host).address, name)}
discovery:
  bootstrapToken:
    apiServerEndpoint: ${place.specification.spec.controlPlaneEndpoint}
    token: ${token}
    unsafeSkipCAVerification: true
${controlPlane}`;
  await withFile(place, host, 'join', yaml, seconds);
};

/** Somebody joins a host as a worker, under a name of their choice or its own. @throws Error when it fails */
export const joinByHand = (place: Place, host: string, name?: string, options: JoinByHand = {}): Promise<void> =>
  join(place, host, options, { name });

/** Somebody joins a host as a control-plane host. @throws Error when it fails */
export const joinControlPlaneByHand = async (place: Place, host: string, options: JoinByHand = {}): Promise<void> => {
  const uploaded = await onConsole(place, options.at ?? 'cp1', 'kubeadm init phase upload-certs --upload-certs');
  const key = /^[0-9a-f]{64}$/m.exec(uploaded)?.[0] ?? '';
  const endpoint = `localAPIEndpoint: { advertiseAddress: ${place.host(host).address} }`;
  await join(place, host, options, { controlPlane: `controlPlane:\n  certificateKey: ${key}\n  ${endpoint}\n` });
};

/** Somebody resets a host, and takes away what kubeadm leaves. */
export const resetByHand = async (place: Place, host: string, seconds = unlimited): Promise<void> => {
  const files = '/etc/cni/net.d/* /etc/kubernetes/*.conf /var/lib/etcd/*';
  await onConsole(place, host, `timeout ${seconds} kubeadm reset -f; rm -rf ${files}; true`);
};
