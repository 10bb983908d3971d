import { onConsole, write } from '../inject.js';
import type { Site } from '../site.js';

/** What kubeadm has to be told of a host besides, in the lab. */
const registration = (address: string, name?: string): string => `nodeRegistration:
  ${name === undefined ? '' : `name: ${name}`}
  ignorePreflightErrors: [SystemVerification]
  kubeletExtraArgs: [{ name: node-ip, value: ${address} }]`;

/** Somebody makes a cluster of its own of a host, without Quorate. */
export const initByHand = async (site: Site, host: string): Promise<void> => {
  const { address } = site.host(host);
  await write(
    site,
    host,
    '/root/init.yaml',
    `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: ${address} }
skipPhases: [addon/kube-proxy, addon/coredns]
${registration(address)}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: ${site.specification.spec.kubernetesVersion}
controlPlaneEndpoint: ${address}:6443
networking: { podSubnet: 10.250.0.0/16, serviceSubnet: 10.100.0.0/16 }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: systemd
`,
  );
  await onConsole(site, host, 'kubeadm init --config /root/init.yaml && rm /root/init.yaml');
};

/** Somebody joins a host as a worker under a name of their choice, without Quorate. */
export const joinByHand = async (site: Site, host: string, name: string): Promise<void> => {
  const token = (await onConsole(site, 'cp1', 'kubeadm token create')).trim();
  await write(
    site,
    host,
    '/root/join.yaml',
    `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
${registration(site.host(host).address, name)}
discovery:
  bootstrapToken:
    apiServerEndpoint: ${site.specification.spec.controlPlaneEndpoint}
    token: ${token}
    unsafeSkipCAVerification: true
`,
  );
  await onConsole(site, host, 'kubeadm join --config /root/join.yaml && rm /root/join.yaml');
};

/** Somebody joins a host as a control-plane host, without Quorate. */
export const joinControlPlaneByHand = async (site: Site, host: string): Promise<void> => {
  const { address } = site.host(host);
  const uploaded = await onConsole(site, 'cp1', 'kubeadm init phase upload-certs --upload-certs 2>/dev/null');
  const token = (await onConsole(site, 'cp1', 'kubeadm token create')).trim();
  await write(
    site,
    host,
    '/root/join.yaml',
    `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
${registration(address, host)}
controlPlane:
  certificateKey: ${/^[0-9a-f]{64}$/m.exec(uploaded)?.[0] ?? ''}
  localAPIEndpoint: { advertiseAddress: ${address} }
discovery:
  bootstrapToken:
    apiServerEndpoint: ${site.specification.spec.controlPlaneEndpoint}
    token: ${token}
    unsafeSkipCAVerification: true
`,
  );
  await onConsole(site, host, 'kubeadm join --config /root/join.yaml && rm /root/join.yaml');
};

/** Somebody resets a host, without Quorate, and takes away what kubeadm leaves. */
export const resetByHand = async (site: Site, host: string): Promise<void> => {
  await onConsole(site, host, 'kubeadm reset -f; rm -rf /etc/cni/net.d/* /etc/kubernetes/*.conf /var/lib/etcd/*; true');
};
