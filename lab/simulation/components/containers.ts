import { etcd } from './etcd.js';
import { kubeApiserver } from './kube-apiserver.js';
import { kubeControllerManager, kubeScheduler } from './managers.js';
import { kubeVip } from './kube-vip.js';
import type { ContainerProgram } from '../kubelet/container.js';

/** Programs in the images of static Pods, by their name. */
export const containerPrograms: Readonly<Record<string, ContainerProgram>> = {
  etcd,
  'kube-apiserver': kubeApiserver,
  'kube-controller-manager': kubeControllerManager,
  'kube-scheduler': kubeScheduler,
  'kube-vip': kubeVip,
};
