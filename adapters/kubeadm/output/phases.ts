/** How far a kubeadm command has come, read from what it prints. */
export interface KubeadmProgress {
  /** kubeadm's name of the phase, such as `etcd-join`. */
  readonly phase: string;
  /** What goes on, in an operator's words. */
  readonly title: string;
  /** kubeadm has added the host to etcd: from here on an abort needs the membership repaired. */
  readonly etcdMemberAnnounced: boolean;
  /** It printed its closing words; whether it did what they say is for the world to tell. */
  readonly finished: boolean;
}

interface Marker {
  readonly text: string | RegExp;
  readonly phase: string;
  readonly title: string;
  readonly announces?: true;
  readonly finishes?: true;
}

// Texts of kubeadm 1.34.4 and 1.37.1; the first that a line begins with counts. No other line changes the phase.
const markers: readonly Marker[] = [
  {
    text: '[preflight] Running pre-flight checks before initializing the new control plane instance',
    phase: 'preflight',
    title: 'checks the host as a control plane',
  },
  { text: '[preflight] Running pre-flight checks', phase: 'preflight', title: 'checks the host' },
  {
    text: '[preflight] Reading configuration from the',
    phase: 'preflight',
    title: "reads the cluster's configuration",
  },
  { text: '[preflight] Pulling images', phase: 'preflight', title: 'pulls the images' },
  {
    text: '[download-certs] Downloading the certificates',
    phase: 'control-plane-prepare/download-certs',
    title: 'downloads the shared certificates',
  },
  { text: '[certs] Using certificateDir folder', phase: 'certs', title: 'makes the certificates' },
  {
    text: /^\[kubeconfig\] (Generating kubeconfig files|Using kubeconfig folder)/,
    phase: 'kubeconfig',
    title: 'writes the kubeconfigs',
  },
  { text: '[etcd] Creating static Pod manifest for local etcd', phase: 'etcd', title: 'writes the manifest of etcd' },
  {
    text: '[control-plane] Using manifest folder',
    phase: 'control-plane',
    title: 'writes the manifests of the control plane',
  },
  {
    text: '[check-etcd] Checking that the etcd cluster is healthy',
    phase: 'check-etcd',
    title: 'checks that etcd is healthy',
  },
  { text: '[kubelet-start] Writing kubelet', phase: 'kubelet-start', title: 'configures the kubelet' },
  { text: '[kubelet-start] Starting the kubelet', phase: 'kubelet-start', title: 'starts the kubelet' },
  {
    text: '[etcd] Announced new etcd member joining to the existing etcd cluster',
    phase: 'etcd-join',
    title: 'joins etcd as a learner',
    announces: true,
  },
  {
    text: '[etcd] Creating static Pod manifest for "etcd"',
    phase: 'etcd-join',
    title: 'starts etcd and waits until it may vote',
    announces: true,
  },
  {
    text: '[etcd] Waiting for the new etcd member to join the cluster',
    phase: 'etcd-join',
    title: 'waits for every etcd member, the new one votes',
    announces: true,
  },
  {
    text: '[wait-control-plane] Waiting for the kubelet to boot up the control plane',
    phase: 'wait-control-plane',
    title: 'waits for the control plane to start',
  },
  {
    text: '[kubelet-check] Waiting for a healthy kubelet',
    phase: 'kubelet-wait-bootstrap',
    title: 'waits for the kubelet to answer',
  },
  {
    text: '[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap',
    phase: 'kubelet-wait-bootstrap',
    title: "waits for the kubelet's certificate",
  },
  {
    text: '[control-plane-check] Waiting for healthy control plane components',
    phase: 'wait-control-plane',
    title: 'waits for the control plane to be healthy',
  },
  {
    text: '[upload-config] Storing the configuration',
    phase: 'upload-config',
    title: 'stores the configuration in the cluster',
  },
  { text: '[upload-certs] Storing the certificates', phase: 'upload-certs', title: 'shares the certificates' },
  { text: '[mark-control-plane] Marking the node', phase: 'mark-control-plane', title: 'labels and taints the Node' },
  { text: '[bootstrap-token] ', phase: 'bootstrap-token', title: 'prepares the joining of others' },
  { text: '[kubelet-finalize] ', phase: 'kubelet-finalize', title: 'lets the kubelet renew its certificate' },
  { text: '[addons] Applied essential addon', phase: 'addon', title: 'installs CoreDNS and kube-proxy' },
  {
    text: '[reset] Reading configuration from the cluster',
    phase: 'preflight',
    title: "reads the cluster's configuration",
  },
  { text: '[reset] Stopping the kubelet service', phase: 'cleanup-node', title: 'stops the kubelet' },
  { text: '[reset] Unmounting mounted directories', phase: 'cleanup-node', title: "unmounts the kubelet's volumes" },
  { text: '[reset] Deleting contents of directories', phase: 'cleanup-node', title: 'deletes the files of Kubernetes' },
  { text: 'This node has joined the cluster', phase: 'done', title: 'has joined', finishes: true },
  {
    text: 'Your Kubernetes control-plane has initialized successfully',
    phase: 'done',
    title: 'has initialised the cluster',
    finishes: true,
  },
  { text: 'The reset process does not perform cleanup', phase: 'done', title: 'has reset the host', finishes: true },
];

const markerOf = (line: string): Marker | undefined => {
  const text = line.trimStart();
  return markers.find((marker) =>
    typeof marker.text === 'string' ? text.startsWith(marker.text) : marker.text.test(text),
  );
};

const before: KubeadmProgress = { phase: '', title: 'begins', etcdMemberAnnounced: false, finished: false };

/** The progress after some whole lines more; `previous` itself when they change nothing. */
export const advance = (previous: KubeadmProgress | undefined, lines: readonly string[]): KubeadmProgress => {
  let progress = previous ?? before;
  for (const line of lines) {
    const marker = markerOf(line);
    if (marker === undefined) continue;
    progress = {
      phase: marker.phase,
      title: marker.title,
      etcdMemberAnnounced: progress.etcdMemberAnnounced || marker.announces === true,
      finished: marker.finishes === true,
    };
  }
  return progress;
};

/** The progress that a log shows. A log cut at its beginning may hide that the member was announced. */
export const progressOf = (log: string): KubeadmProgress => advance(undefined, log.split('\n'));
