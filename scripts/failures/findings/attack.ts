import type { Finding } from '../findings.js';

/** What an attack on the product found, by the numbers of its report. */
export const attackFindings: readonly Finding[] = [
  {
    number: 1,
    fault:
      'a cluster was what a file called it: with a token for another name its members were shown, hosts joined, and two names held "the" lock of one cluster at the same time',
    now: 'the cluster says its name itself (ConfigMap kube-system/quorate, else kubeadm-config); another one is `ClusterMismatch` before anything is told or changed, and of two that come at once one has it',
  },
];
