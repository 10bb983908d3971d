import { z } from 'zod';
import type { NodeFacts } from '../../model/facts/cluster-facts.js';
import { controlPlaneLabel } from '../../model/node-settings.js';

/** A Node as kubectl prints it, as far as Quorate looks at it. */
export const KubernetesNode = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string().optional(),
    creationTimestamp: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z
    .object({
      unschedulable: z.boolean().default(false),
      taints: z.array(z.object({ key: z.string(), value: z.string().optional(), effect: z.string() })).default([]),
    })
    .default({ unschedulable: false, taints: [] }),
  status: z.object({
    conditions: z
      .array(
        z.object({
          type: z.string(),
          status: z.string(),
          reason: z.string().default(''),
          message: z.string().default(''),
        }),
      )
      .default([]),
    addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
    nodeInfo: z.object({ kubeletVersion: z.string(), machineID: z.string() }),
  }),
});

export const nodeFacts = (node: z.infer<typeof KubernetesNode>): NodeFacts => {
  const readyCondition = node.status.conditions.find((condition) => condition.type === 'Ready');
  const ready = readyCondition?.status === 'True';
  const internalIp = node.status.addresses.find((address) => address.type === 'InternalIP')?.address;
  return {
    name: node.metadata.name,
    uid: node.metadata.uid,
    ready,
    ...(ready
      ? {}
      : {
          notReadyBecause:
            readyCondition === undefined
              ? 'no Ready condition yet'
              : `${readyCondition.reason}: ${readyCondition.message}`.slice(0, 300),
        }),
    controlPlane: controlPlaneLabel in node.metadata.labels,
    unschedulable: node.spec.unschedulable,
    kubeletVersion: node.status.nodeInfo.kubeletVersion,
    ...(internalIp === undefined ? {} : { internalIp }),
    machineId: node.status.nodeInfo.machineID,
    createdAt: node.metadata.creationTimestamp,
    labels: node.metadata.labels,
    taints: node.spec.taints.map(
      ({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`,
    ),
  };
};
