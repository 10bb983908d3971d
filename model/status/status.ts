import { z } from 'zod';
import { BackendFacts, LeaseFacts, NodeFacts } from '../facts/cluster-facts.js';

/** The API server of one control-plane host, asked on the host itself. */
const ApiServerStatus = z.object({
  host: z.string(),
  address: z.string(),
  /** `/readyz` of the host's own API server answered ok. */
  ready: z.boolean(),
  /** Why it is not ready, or why it could not be asked. */
  because: z.string().optional(),
  /** Such as v1.37.1. */
  version: z.string().optional(),
});

/** The load-balanced endpoint, asked from a control-plane host. */
const EndpointStatus = z.object({
  /** host:port of `controlPlaneEndpoint`. */
  address: z.string(),
  /** `/readyz` through the endpoint answered ok. */
  ok: z.boolean(),
  /** Round trip in milliseconds; absent when nothing answered. */
  ms: z.number().optional(),
  because: z.string().optional(),
});

const EtcdMemberStatus = z.object({
  /** Absent for a member that never started. */
  name: z.string().optional(),
  /** Hex. */
  id: z.string(),
  role: z.enum(['leader', 'voter', 'learner', 'unstarted']),
  healthy: z.boolean(),
  because: z.string().optional(),
  /** Raft log entries behind the leader; absent when the member did not answer. */
  behind: z.number().optional(),
  dbSizeBytes: z.number().optional(),
  version: z.string().optional(),
});
export type EtcdMemberStatus = z.infer<typeof EtcdMemberStatus>;

const EtcdStatus = z.object({
  members: z.array(EtcdMemberStatus),
  alarms: z.array(z.string()),
  /** Members with a vote, and how many of them must stay for a majority. */
  voters: z.number(),
  quorum: z.number(),
  /** How many healthy voters may fail before the majority is lost; negative: it is lost. */
  tolerates: z.number(),
});

const CertificateStatus = z.object({
  host: z.string(),
  /** File name below /etc/kubernetes/pki or of a kubeconfig, such as apiserver or admin.conf. */
  name: z.string(),
  /** ISO 8601. */
  expiresAt: z.string(),
  /** Whole days until then when the report was made; negative when expired. */
  daysLeft: z.number(),
  /** The key of its CA is not on the host, so that kubeadm cannot renew it. */
  externallyManaged: z.boolean().default(false),
});

/** A CA as one control-plane host has it; all of a cluster's hosts should have the same. */
const CertificateAuthorityStatus = z.object({
  host: z.string(),
  /** As kubeadm calls it: ca, etcd-ca, front-proxy-ca. */
  name: z.string(),
  /** ISO 8601. */
  expiresAt: z.string(),
  /** Whole days until then when the report was made; negative when expired. */
  daysLeft: z.number(),
  /** Its key is not on the host. */
  externallyManaged: z.boolean(),
});
type CertificateAuthorityStatus = z.infer<typeof CertificateAuthorityStatus>;

/** What `quorate status` shows: the cluster as its own hosts show it at one moment. Nothing secret. */
export const StatusReport = z.object({
  cluster: z.string(),
  /** ISO 8601. */
  at: z.string(),
  /** Host that cluster-wide facts were read from; absent when no initialised host answered. */
  askedAt: z.string().optional(),
  apiServers: z.array(ApiServerStatus),
  endpoint: EndpointStatus,
  backends: z.array(BackendFacts),
  /** Absent when no etcd answered. */
  etcd: EtcdStatus.optional(),
  leases: z.array(LeaseFacts),
  nodes: z.array(NodeFacts),
  certificates: z.array(CertificateStatus),
  /** Empty in a report of a worker that is older than them. */
  certificateAuthorities: z.array(CertificateAuthorityStatus).default([]),
  /** Sentences about what is not as it should be; empty when all is well. */
  problems: z.array(z.string()),
});
export type StatusReport = z.infer<typeof StatusReport>;

/** The same CA once, with the hosts that have it: they share theirs. One that differs from host to host is several. */
export const sharedAuthorities = (
  all: readonly CertificateAuthorityStatus[],
): (Omit<CertificateAuthorityStatus, 'host'> & { readonly hosts: readonly string[] })[] => {
  const shared = new Map<string, Omit<CertificateAuthorityStatus, 'host'> & { readonly hosts: string[] }>();
  for (const { host, ...authority } of all) {
    const key = [authority.name, authority.expiresAt, authority.externallyManaged].join(' ');
    const known = shared.get(key);
    if (known === undefined) shared.set(key, { ...authority, hosts: [host] });
    else known.hosts.push(host);
  }
  return [...shared.values()];
};
