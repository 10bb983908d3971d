import { z } from 'zod';

/** One etcd member as a voter's member list and its own status show it. IDs are hex strings: uint64 does not fit a number. */
export const EtcdMember = z.object({
  id: z.string().regex(/^[0-9a-f]{1,16}$/),
  /** Absent for a member that never started. */
  name: z.string().optional(),
  peerUrls: z.array(z.string()),
  clientUrls: z.array(z.string()),
  isLearner: z.boolean(),
  /** From the member's own endpoint; absent when it did not answer. */
  status: z
    .object({
      isLeader: z.boolean(),
      version: z.string(),
      dbSizeBytes: z.number(),
      raftIndex: z.number(),
      raftAppliedIndex: z.number(),
      errors: z.array(z.string()),
    })
    .optional(),
});
export type EtcdMember = z.infer<typeof EtcdMember>;

/** A member that started, is no learner and answers without errors. */
export const isHealthyVoter = (member: EtcdMember): boolean =>
  !member.isLearner &&
  member.name !== undefined &&
  member.name !== '' &&
  member.status !== undefined &&
  member.status.errors.length === 0;

export const EtcdFacts = z.object({
  /** Host whose etcd answered. */
  askedAt: z.string(),
  members: z.array(EtcdMember),
  alarms: z.array(z.string()),
});
export type EtcdFacts = z.infer<typeof EtcdFacts>;

export const NodeFacts = z.object({
  name: z.string(),
  uid: z.string(),
  ready: z.boolean(),
  /** Reason and message of the Ready condition when it is not True. */
  notReadyBecause: z.string().optional(),
  controlPlane: z.boolean(),
  unschedulable: z.boolean(),
  kubeletVersion: z.string(),
  internalIp: z.string().optional(),
  machineId: z.string(),
  createdAt: z.string(),
  labels: z.record(z.string(), z.string()),
  taints: z.array(z.string()),
});
export type NodeFacts = z.infer<typeof NodeFacts>;

export const LeaseFacts = z.object({
  name: z.enum(['kube-controller-manager', 'kube-scheduler']),
  holder: z.string(),
  /** Seconds since the last renewal by the clock of the host that was asked. */
  ageSeconds: z.number(),
});
export type LeaseFacts = z.infer<typeof LeaseFacts>;

export const BackendFacts = z.object({
  loadBalancer: z.string(),
  name: z.string(),
  address: z.string(),
  /** HAProxy's words: UP, DOWN, MAINT, DRAIN, NOLB, no check. */
  status: z.string(),
  /** Last health check as HAProxy words it, such as "L7OK 200". */
  lastCheck: z.string(),
});
export type BackendFacts = z.infer<typeof BackendFacts>;

/** The cluster as the control-plane hosts that answer show it. */
export const ClusterFacts = z.object({
  /** Control-plane hosts asked, and whether each one's own API server was ready. */
  controlPlane: z.array(
    z.object({
      host: z.string(),
      /** Nothing of this cluster is on the host: no admin.conf. */
      initialised: z.boolean(),
      ready: z.boolean(),
      /** Something answers HTTP on its port 6443, with or without an admin.conf beside it; absent: nothing does. */
      answers: z.boolean().optional(),
      /** Why it is not ready, or why it could not be asked. */
      because: z.string().optional(),
    }),
  ),
  /** Host that the facts below were read from; absent when no initialised host answered. */
  askedAt: z.string().optional(),
  caHash: z.string().optional(),
  /** Name under which Quorate manages the cluster, of ConfigMap kube-system/quorate; absent: nobody has claimed it yet. */
  managedAs: z.string().optional(),
  /** `clusterName` of ConfigMap kube-system/kubeadm-config. */
  kubeadmConfigName: z.string().optional(),
  serverVersion: z.string().optional(),
  /** `controlPlaneEndpoint` of ConfigMap kube-system/kubeadm-config. */
  kubeadmConfigEndpoint: z.string().optional(),
  /** `server` of ConfigMap kube-public/cluster-info. */
  clusterInfoEndpoint: z.string().optional(),
  clusterInfoCaHash: z.string().optional(),
  nodes: z.array(NodeFacts),
  leases: z.array(LeaseFacts),
  etcd: EtcdFacts.optional(),
  /**
   * Before a cluster is made: whether API servers answer the host at the endpoint and at the other declared addresses,
   * whoever they belong to. Absent in a reading for anything else.
   */
  answering: z
    .array(
      z.object({
        /** host:port. */
        server: z.string(),
        answers: z.enum(['yes', 'no', 'unknown']),
        /** Why it is not known, one phrase. */
        because: z.string().optional(),
        /** By a certificate of the CA that lies on the host. */
        ownCa: z.boolean(),
      }),
    )
    .optional(),
  backends: z.array(BackendFacts),
  /** The load balancer could not be read: nothing is known of its backends. */
  backendsUnread: z.literal(true).optional(),
});
export type ClusterFacts = z.infer<typeof ClusterFacts>;
