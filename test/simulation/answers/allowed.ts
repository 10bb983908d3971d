import type { Allowed } from './compare.js';

/** Differences between real and simulated hosts that are none, each with its reason. Keep it short. */
export const allowed: readonly Allowed[] = [
  {
    line: /^[^=|]*\.(metadata\.(managedFields|annotations|generateName)|status\.(allocatable|capacity|images|daemonEndpoints|features|runtimeHandlers|nodeInfo\.(swap|bootID|kernelVersion|systemUUID|operatingSystem|architecture|osImage)))\b/,
    because: 'parts of API objects that neither the product nor a simulated program reads',
  },
  {
    line: /^(?:\[preflight\] The system verification failed\.|\u001b\[0;37m)/,
    because: "what kubeadm says of the kernel of the lab's machine",
  },
  {
    sender: /load-balancer\/(reading|apply)\.ts/,
    line: /^\d+ \S+ \d+$/,
    because: 'connections that outlive a reload of HAProxy: simulated ones end with their answer',
  },
  {
    sender: /(follow-unit|run-unit)\.ts/,
    line: /^(etcd-client: |W <time> logging\.go\] \[core\] \[Channel)/,
    because: 'how often kubeadm has to ask an etcd that is about to start',
  },
  {
    line: /\.spec\.taints\[node\.kubernetes\.io\/not-ready\]/,
    because: 'taken off by itself, some time after the Node is Ready',
  },
  {
    sender: /diagnose-bootstrap\.ts/,
    line: /^(kubelet|etcd|etcd-log) /,
    because: 'what a kubelet and an etcd log while all is well',
  },
  {
    line: /\.items\[csr-<id> of system:node:/,
    because: 'no simulated kubelet renews the certificate that `kubeadm init` gave it',
  },
  {
    sender: /csrs\.ts/,
    line: /\.items\[csr-<id> of system:bootstrap:/,
    countsOnce: true,
    because: 'a kubelet that is started again before its certificate is there asks again',
  },
  {
    section: 'a join taken back',
    line: /^listener 23(79|80) /,
    because: 'an etcd that was removed from its cluster is about to end',
  },
  {
    section: 'no quorum',
    sender: /readyz\.ts/,
    line: /^(code=|\[-\]|listening)/,
    because: 'a /readyz that waits for etcd answers about when its caller gives up',
  },
  {
    section: 'no quorum',
    sender: /load-balancer\/reading\.ts/,
    line: /^kube-apiserver\/cp1 (be_id.* srv_op_state=0 |pxname.* status=DOWN )/,
    because: 'the same, with HAProxy as the caller',
  },
  {
    section: 'an init taken back',
    sender: /readyz\.ts/,
    line: /^(code=|\[-\]|listening)/,
    because: 'its etcd does not run: the same',
  },
  {
    section: 'an init taken back',
    sender: /load-balancer\/reading\.ts/,
    line: /^kube-apiserver\/cp2 (be_id.* srv_op_state=0 .*srv_check_status=[78] |pxname.* status=DOWN .*check_status=L4(CON|TOUT) )/,
    because: 'a host without power: whether the neighbour table or the patience of the check ends first',
  },
  {
    section: 'an init taken back',
    line: /^removed (\/var\/lib\/cni\/\*|link cni0)|cleaned \d leftovers/,
    because: 'of Pods with an address of their own, as above',
  },
  { line: /^(link \d+ |address \d+: )(cni0|veth)/, because: 'of Pods with an address of their own, as below' },
  {
    line: /^cni-file (?:<version> )?(?:var\/lib\/cni|run\/netns)\//,
    because: 'of Pods with an address of their own: no simulated kubelet runs any',
  },
  {
    sender: /load-balancer\/apply\.ts/,
    line: /^kube-apiserver\//,
    because: 'whether the first check has come right after a reload is a matter of milliseconds',
  },
  {
    section: 'HAProxy and its socket',
    sender: /load-balancer\/reading\.ts/,
    line: /^kube-apiserver\/\S+ (be_id.* srv_op_state=2 srv_admin_state=0 |pxname.* status=UP |counts )/,
    because: 'the same; only of servers that are up and take traffic',
  },
  {
    section: 'units',
    sender: /ensure-unit\.ts/,
    line: /^(ActiveState|SubState|Result|ExecMainCode|ExecMainStatus)=/,
    because: 'what ends at once may have ended when it is first looked at; how it ended is compared afterwards',
  },
  {
    sender: /ensure-unit\.ts/,
    line: /^(ActiveState=(active|activating)|SubState=(start|running))$/,
    because: 'systemd may still be about to run the program of a unit when it is first looked at',
  },
  {
    sender: /etcd\/snapshot\.ts/,
    line: /^written \d+$/,
    because: 'a sign of life every two seconds, of what may be over within one',
  },
  {
    sender: /etcd\/snapshot/,
    line: /^\.(caller|level|logger|msg|ts|path|endpoint|took|size|etcd-version)\b/,
    because: "etcdctl's own log of a snapshot, which nobody reads",
  },
  {
    section: 'an init taken back',
    line: /"StopPodSandbox from runtime service failed" err="rpc error: code = DeadlineExceeded/,
    because: 'a busy runtime takes longer to stop a Pod than kubeadm waits at first; it tries again',
  },
  {
    section: 'no quorum',
    sender: /change-members\.ts/,
    line: /MemberList|^Error: (etcdserver: request timed out|context deadline exceeded)$/,
    because: 'whether etcd or its client gives up first: a read may wait behind another one',
  },
  { line: /^present localhost\/lab\//, because: "images of the lab's own Pods" },
];

/** Files with one place that sends a command which no part of the scenario brings about, with the reason. */
export const neverSent: Readonly<Record<string, string>> = {
  'adapters/kubeadm/deep-clean/put-aside.ts': 'nobody has put anything on the hosts that a reset would delete',
  'adapters/systemd/follow-unit.ts':
    'reads what another process of a unit wrote in the moment between the end of the first one and the last look',
};

/** Senders whose command was changed since it was recorded, with what changed. `npm run record:lab-answers` makes it empty again. */
export const changedSince: Readonly<Record<string, string>> = {};

/** Files that send commands and have another place since the recording. `npm run record:lab-answers` makes it empty again. */
export const movedSince: Readonly<Record<string, string>> = {};
