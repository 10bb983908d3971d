/** One failure of the matrix, in words; what Quorate says and how fast is measured (`npm run docs:failures`). */
export interface Failure {
  readonly number: number;
  readonly title: string;
  /** What kubeadm (or the program meant) says without Quorate, and when: `nothing` where it does not notice. */
  readonly kubeadm: string;
  /** What happens next under Quorate. */
  readonly next: string;
  /**
   * Why nothing can be said before a wait is over; absent where the evidence is there from the start. The time is counted
   * from the end of that wait.
   */
  readonly waits?: string;
  /** Where nothing fails because of how Quorate works: how. The step whose note tells of it, where one does. */
  readonly prevented?: { readonly how: string; readonly step?: string };
}

const tokenWait = 'kubeadm asks for the signature for 5 min before it gives up';

/** The failures that joining and replacing hosts of a control plane meet, by their numbers. */
export const failures: readonly Failure[] = [
  {
    number: 1,
    title: 'bootstrap token expired or deleted',
    kubeadm: 'after 5 min: `could not find a JWS signature in the cluster-info ConfigMap for token ID "…"`',
    next: 'new credentials are made once and kubeadm runs again; a second time it blocks',
    waits: tokenWait,
  },
  {
    number: 2,
    title: 'token that nobody signs: no controller-manager leads',
    kubeadm: 'after 5 min the same words as for a token that is gone; a new token does not help',
    next: 'nothing is made; it blocks, and goes on when one leads again',
  },
  {
    number: 3,
    title: 'shared certificates expired',
    kubeadm: 'at once: `Secret "kubeadm-certs" was not found in the "kube-system" Namespace`',
    next: 'they are uploaded again once, with a new key',
  },
  {
    number: 4,
    title: 'shared certificates overwritten with another key',
    kubeadm: 'at once: `cipher: message authentication failed`',
    next: 'they are uploaded again once; a second time it blocks and says that somebody else uploads',
  },
  {
    number: 5,
    title: "CA in cluster-info is not the cluster's",
    kubeadm: 'at once: `none of the public keys "sha256:…" are pinned`, or an unknown authority',
    next: 'nothing is made; cluster-info is written anew by the command that is named',
  },
  {
    number: 6,
    title: 'certificates of another cluster on the host',
    kubeadm:
      'in the middle of the join: `certificate signed by unknown authority`, `does not contain a trusted CA`, or nothing until TLS fails',
    next: 'nothing is touched until a reset is approved that names that cluster',
  },
  {
    number: 7,
    title: 'admin.conf of another cluster on the host',
    kubeadm: 'with `--control-plane` it skips discovery without a word and talks to the other cluster',
    next: 'the same approval; kubeadm gets its configuration by file, so that the admin.conf counts for nothing',
  },
  {
    number: 8,
    title: 'cluster-info names a server that is gone',
    kubeadm: 'after 1 min: `unable to fetch the kubeadm-config ConfigMap`, with a server that nobody gave it',
    next: 'nothing is made; cluster-info is written anew, or the specification corrected',
  },
  {
    number: 9,
    title: 'endpoint away between discovery and kubeadm-config',
    kubeadm: 'up to 1.36 after 350 ms, from 1.37 on after 1 min: `unable to fetch the kubeadm-config ConfigMap`',
    next: 'nothing is on the host yet: it goes on by itself when the endpoint answers again',
    waits: 'kubeadm asks again for 1 min, and a moment is over by then',
  },
  {
    number: 10,
    title: 'clock of the host is off',
    kubeadm: 'at the first TLS: `certificate has expired or is not yet valid`, of a certificate that is neither',
    next: 'ends with nothing changed',
  },
  {
    number: 11,
    title: 'port 10250 in use',
    kubeadm: 'at once: `[ERROR Port-10250]: Port 10250 is in use`, not by whom',
    next: 'the process and its unit are named and left alone',
  },
  {
    number: 12,
    title: 'leftovers of a failed join',
    kubeadm: 'at once: `[ERROR FileAvailable--…]`, `[ERROR DirAvailable--var-lib-etcd]`',
    next: 'own leftovers are reset, others after an approval that lists them; then read again',
  },
  {
    number: 13,
    title: 'living node of another cluster',
    kubeadm: 'as for leftovers; the reset that it suggests takes a member from the other cluster',
    next: 'refused whatever is approved: it is to be removed there first',
  },
  {
    number: 14,
    title: 'CNI files, links and packet-filter rules of an earlier node',
    kubeadm: 'nothing: the join succeeds, and Pods do not reach each other',
    next: 'a note in the plan; with `policy.networkLeftovers: clean` they are deleted after an approval',
  },
  {
    number: 15,
    title: 'busy mount in a reset',
    kubeadm: 'from 1.30 on the reset fails: `device or resource busy`, with half of the host cleaned',
    next: 'a second reset detaches lazily; the host is read again until it is clean',
    prevented: { how: 'handled by the second try of the step', step: 'reset' },
  },
  {
    number: 16,
    title: 'cgroup v1 where the version needs v2',
    kubeadm: 'from 1.35 on `[ERROR SystemVerification]`, after its token was made',
    next: 'ends with nothing changed',
  },
  {
    number: 17,
    title: 'Ready Node of the same name on another machine',
    kubeadm: 'after certificates and manifests are written: `a Node with name "…" and status "Ready" already exists`',
    next: 'ends with nothing changed; both machines are named',
  },
  {
    number: 18,
    title: 'advertise address that peers do not reach',
    kubeadm:
      'nothing before etcd: it takes the address of the default route, and the member that nobody reaches costs the quorum',
    next: 'ends with nothing changed; the declared address is always set',
  },
  {
    number: 19,
    title: 'load balancer sends traffic to an API server that is not ready',
    kubeadm: 'EOFs and time-outs in this and later joins',
    next: 'goes on to the end',
    prevented: { how: 'the backend is registered disabled and enabled after /readyz', step: 'register' },
  },
  {
    number: 20,
    title: 'load balancer restarts under the join',
    kubeadm: 'hangs at the TLS bootstrap or while it labels the Node; before 1.30 it fails',
    next: 'goes on to the end; a longer outage blocks as `LoadBalancerUnavailable`',
    prevented: { how: 'Quorate changes the load balancer without a restart, and kubeadm gets over one', step: 'join' },
  },
  {
    number: 21,
    title: 'virtual address never comes up',
    kubeadm: 'after 1 min: `could not bootstrap the admin user in file admin.conf`; kube-vip: `leases … is forbidden`',
    next: 'nothing is made when kube-vip is seen; otherwise it blocks, and a rollback cleans the host',
  },
  {
    number: 22,
    title: 'only the new host does not reach the endpoint',
    kubeadm: 'after 5 min: `failed to request the cluster-info ConfigMap`',
    next: 'ends with nothing changed; who reaches it is told',
  },
  {
    number: 23,
    title: 'certificate request that nobody approves or signs',
    kubeadm: 'after 5 min: `timed out waiting for the condition`',
    next: 'blocks with the party that is missing; a retry cleans the host and joins again',
    waits: "kubeadm waits 5 min for the kubelet's certificate; meanwhile the request's state is shown in the details",
  },
  {
    number: 24,
    title: 'slow API server of the new host',
    kubeadm: 'after 1 min: `error applying control-plane label and taints`, of a host that is a voter already',
    next: 'goes on with the proof, labels the Node itself, never resets; blocks when it is not ready in time',
    waits: 'kubeadm tries to label the Node for 1 min',
  },
  {
    number: 25,
    title: 'kubelet does not start',
    kubeadm:
      "on a worker after 4 min: `The HTTP call equal to 'curl -sSL http://127.0.0.1:10248/healthz' returned error`; on a control-plane host after 2 min, and of etcd: `can only promote a learner member which is in sync with leader`",
    next: "blocks with the kubelet's own words; a rollback takes the learner out first",
    waits: 'kubeadm waits 2 min for the etcd, or 4 min for the health, of a kubelet that may still start',
  },
  {
    number: 26,
    title: 'voter of a dead host',
    kubeadm:
      'up to 1.36 after 2 min for each: `etcd cluster is not healthy`; from 1.37 on `etcdserver: unhealthy cluster`',
    next: 'blocks before anything is made; goes on when the member answers again',
  },
  {
    number: 27,
    title: 'own peer URL is in etcd already',
    kubeadm: 'from 1.32 on nothing: etcd panics, `tocommit(…) is out of range`',
    next: 'goes on to the end',
    prevented: {
      how: 'the stale member of the host is removed first, by the projection',
      step: 'remove-stale-member',
    },
  },
  {
    number: 28,
    title: 'learner that belongs to nobody',
    kubeadm: 'after 2 min: `etcdserver: too many learner members in cluster`',
    next: 'blocks before anything is made, with the command that removes it',
  },
  {
    number: 29,
    title: 'learner that does not catch up',
    kubeadm: 'after 2 min: `can only promote a learner member which is in sync with leader`',
    next: 'blocks; a retry or a rollback removes the learner first',
    waits: 'kubeadm tries to promote it for 2 min, within which a slow one may get there',
  },
  {
    number: 30,
    title: 'promoted, but kubeadm saw an error',
    kubeadm: 'at once: `can only promote a learner member`, of a host that votes',
    next: 'goes on to the end, or to the block of what is missing; never reset',
    prevented: { how: 'the world is read after kubeadm, not its exit status', step: 'join' },
  },
  {
    number: 31,
    title: 'two control-plane joins at once',
    kubeadm: '`etcdserver: unhealthy cluster`, a nameless peer in `--initial-cluster`; about one in five fails',
    next: 'one after the other',
    prevented: { how: 'one membership change of a cluster at a time' },
  },
  {
    number: 32,
    title: 'rollback after the promotion',
    kubeadm: '`kubeadm reset` exits 0 with the member still in etcd: the quorum is gone for good',
    next: 'projected, leadership moved, removed while it runs, then reset',
    prevented: { how: 'the order of undoing' },
  },
  {
    number: 33,
    title: 'cleaner removes a learner that is about to start',
    kubeadm: '`etcdserver: member not found`',
    next: 'the other operation waits; a plan made meanwhile says whose learner it is',
    prevented: { how: 'the membership lock, and only own members are removed' },
  },
  {
    number: 34,
    title: 'quorum lost already',
    kubeadm: 'after minutes: `etcdserver: no leader`, or no answer from any API server',
    next: 'blocks with nothing changed; goes on when a majority answers again',
  },
  {
    number: 35,
    title: 'worker dies after a member was removed',
    kubeadm: 'does not apply: orchestrators counted the members again and refused for ever',
    next: 'goes on to the end',
    prevented: { how: 'each step reads the world, and what is gone already is a success', step: 'remove-stale-member' },
  },
];
