import type { Allowed } from './compare.js';

/** Differences between real and simulated hosts that are none, each with its reason. Keep it short. */
export const allowed: readonly Allowed[] = [
  {
    line: /^[^ ]*\.(metadata\.(managedFields|annotations|generateName)|status\.(allocatable|capacity|images|daemonEndpoints|features|runtimeHandlers|nodeInfo\.(swap|bootID|kernelVersion|systemUUID|operatingSystem|architecture|osImage)))\b/,
    because: 'parts of API objects that neither the product nor a simulated program reads',
  },
  {
    line: /^(?:\[preflight\] The system verification failed\.|\u001b\[0;37m)/,
    because: "what kubeadm says of the kernel of the lab's machine",
  },
  { line: /^cni-file var\/lib\/cni\//, because: 'of Pods with an address of their own: no simulated kubelet runs any' },
  {
    sender: /load-balancer\/apply\.ts/,
    line: /^kube-apiserver\//,
    because: 'whether the first check has come right after a reload is a matter of milliseconds',
  },
  { line: /^present localhost\/lab\//, because: "images of the lab's own Pods" },
];

/** Places that send a command which no part of the scenario brings about. */
export const neverSent: Readonly<Record<string, string>> = {
  'src/adapters/systemd/follow-unit.ts 78': '',
};
