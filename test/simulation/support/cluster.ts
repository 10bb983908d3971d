import { onTestFinished } from 'vitest';
import { makeTopology } from '../../../lab/topology.js';
import type { Activities } from '../../../activities/contract.js';
import type { OperationKind } from '../../../model/operations.js';
import type { Specification } from '../../../model/specification/specification.js';
import { installNetwork } from './install-network.js';
import { requireFinished, startProduct } from './product.js';
import type { Outcome, Product } from './product.js';

/** A cluster that the product has built on simulated hosts, and hosts that are not in it yet. */
export interface Cluster extends Product {
  /** Runs an operation that has to finish. @throws Error that tells why it did not */
  finish(kind: OperationKind, host: string): Promise<Outcome>;
}

export interface ClusterOptions {
  /** Control-plane hosts that are in it: cp1, cp2, ... Default 1. */
  readonly controlPlanes?: number;
  /** Control-plane hosts in all. Default one more. */
  readonly hosts?: number;
  /** Workers, none of which is in it. Default 1. */
  readonly workers?: number;
  readonly policy?: Partial<Specification['spec']['policy']>;
  readonly kubeadm?: Partial<Specification['spec']['kubeadm']>;
  /** Puts something around the product's activities. */
  readonly wrap?: (activities: Activities) => Activities;
  /** What takes a second on an ordinary host takes that many here; default 0.03. */
  readonly timeScale?: number;
}

/** Builds a cluster that somebody stops. */
export const startCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const {
    controlPlanes = 1,
    hosts = controlPlanes + 1,
    workers = 1,
    policy = {},
    kubeadm = {},
    wrap,
    timeScale = 0.03,
  } = options;
  const product = await startProduct(
    { hosts: makeTopology({ controlPlanes: hosts, workers, loadBalancers: 1 }), timeScale },
    (specification) => ({
      ...specification,
      spec: {
        ...specification.spec,
        policy: { ...specification.spec.policy, resumeWhenHealthy: false, ...policy },
        kubeadm: { ...specification.spec.kubeadm, ...kubeadm },
      },
    }),
    wrap,
  );
  const finish: Cluster['finish'] = async (kind, host) =>
    requireFinished(await product.run(kind, host), product.simulation);
  try {
    if (controlPlanes > 0) await Promise.all([finish('init', 'cp1'), installNetwork(product.simulation)]);
    for (let number = 2; number <= controlPlanes; number += 1) await finish('join-control-plane', `cp${number}`);
  } catch (error) {
    await product.stop();
    throw error;
  }
  return { ...product, finish };
};

/** Builds a cluster for one test; it is gone after it. */
export const buildCluster = async (options: ClusterOptions = {}): Promise<Cluster> => {
  const cluster = await startCluster(options);
  onTestFinished(() => cluster.stop());
  return cluster;
};
