import { whatAnswers } from '../network/http-client.js';
import { ApiServer } from '../kubernetes/api-server.js';
import type { Condition, Kubernetes, NodeReporter } from '../kubernetes/kubernetes.js';
import type { Kubeconfig } from '../kubernetes/kubeconfig.js';
import type { Machine } from '../system/machine.js';
import type { Process } from '../system/process.js';

const cniFolder = '/etc/cni/net.d';

const condition = (type: string, status: Condition['status'], reason: string, message: string): Condition => ({
  type,
  status,
  reason,
  message,
});

/** A kubelet that has registered its Node, as the cluster sees it. */
export class RunningKubelet implements NodeReporter {
  #silentSince: number | undefined;
  #conditions: readonly Condition[] = [];
  readonly #stopWatching: () => void;

  constructor(
    private readonly process: Process,
    readonly nodeName: string,
    private readonly kubeconfig: Kubeconfig,
    readonly kubernetes: Kubernetes,
  ) {
    this.#stopWatching = process.machine.world.network.onLinksChanged(() => void this.silentSince);
    kubernetes.reporters.set(nodeName, this);
  }

  get machine(): Machine {
    return this.process.machine;
  }

  /** It runs, and its API server serves. */
  get isAlive(): boolean {
    const { process } = this;
    if (process.status !== undefined || process.isKilled || !this.machine.isOn || this.machine.isFrozen) return false;
    const service = whatAnswers(this.machine, this.kubeconfig.server)?.listener.service;
    return service instanceof ApiServer && service.isServing;
  }

  get silentSince(): number | undefined {
    if (this.isAlive) this.#silentSince = undefined;
    else this.#silentSince ??= Date.now();
    return this.#silentSince;
  }

  get conditions(): readonly Condition[] {
    if (this.isAlive) this.#conditions = this.#look();
    return this.#conditions;
  }

  #look(): readonly Condition[] {
    const { files, sockets } = this.machine;
    const runs = sockets.has('/run/containerd/containerd.sock');
    const network =
      files.isDirectory(cniFolder) && files.list(cniFolder).some((name) => /\.(conf|conflist|json)$/.test(name));
    const ready = !runs
      ? condition('Ready', 'False', 'KubeletNotReady', 'container runtime is down')
      : !network
        ? condition(
            'Ready',
            'False',
            'KubeletNotReady',
            'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
          )
        : condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status');
    return [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      files.freeBytes < files.capacityBytes * 0.1
        ? condition('DiskPressure', 'True', 'KubeletHasDiskPressure', 'kubelet has disk pressure')
        : condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      ready,
    ];
  }

  /** The process has ended; what it said last stays for a while. */
  stop(): void {
    void this.silentSince;
    this.#stopWatching();
  }
}
