import { etcd } from './etcd.js';
import { kubeApiserver } from './kube-apiserver.js';
import { kubeControllerManager, kubeScheduler } from './managers.js';
import type { Program } from '../system/process.js';

/** Programs in the images of a control plane, by their name. */
export const containerPrograms: Readonly<Record<string, Program>> = {
  etcd,
  'kube-apiserver': kubeApiserver,
  'kube-controller-manager': kubeControllerManager,
  'kube-scheduler': kubeScheduler,
};
