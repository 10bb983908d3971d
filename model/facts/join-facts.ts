import type { NodeFacts } from './cluster-facts.js';

/** What is left of a host in its cluster, read from a survivor after a join that did not end well. */
export interface JoinFacts {
  readonly member: 'none' | 'learner' | 'unstarted' | 'voter';
  readonly memberId?: string;
  readonly node?: NodeFacts;
  /** kubelet.conf exists on the host and trusts this cluster's CA, which has issued the kubelet's certificate. */
  readonly kubeletBootstrapped: boolean;
  /** `systemctl is-active kubelet.service`; absent in histories from before it was read. */
  readonly kubelet?: string;
  /** Whether a ready API server answers the host, or another host, through the endpoint. */
  readonly endpoint: 'reached' | 'not-from-the-host' | 'nobody-reaches-it';
  /** What the kubelet, etcd and the certificate requests say about a bootstrap that hangs. */
  readonly evidence: readonly string[];
}
