import { apiServerOn } from '../kubernetes/api-server.js';
import { kubernetesOf } from '../kubernetes/kubernetes.js';
import type { Kubernetes } from '../kubernetes/kubernetes.js';
import { identityOf } from '../kubernetes/lease-election.js';
import type { Candidate } from '../kubernetes/lease-election.js';
import { etcdOn } from '../etcd/server.js';
import type { HttpResponse } from '../network/service.js';
import type { Process, Program } from '../system/process.js';
import { parseFlags } from './flags.js';

const startMs = 700;
const ok: HttpResponse = { status: 200, body: 'ok' };

/** The cluster whose API server runs on the host, once it serves. */
const waitForCluster = async (process: Process): Promise<Kubernetes> => {
  const { machine } = process;
  for (;;) {
    const etcd = etcdOn(machine);
    if (etcd !== undefined && apiServerOn(machine)?.isServing === true)
      return kubernetesOf(machine.world, etcd.cluster);
    await process.work(100);
  }
};

/** Serves its health, and takes part in the election until it ends. */
const run = async (
  process: Process,
  of: { readonly port: number; readonly name: string; readonly election: (of: Kubernetes) => Kubernetes['scheduler'] },
  joined: (kubernetes: Kubernetes) => () => void,
): Promise<number> => {
  const { machine } = process;
  await process.work(startMs);
  machine.listen({
    port: of.port,
    address: '127.0.0.1',
    process,
    name: of.name,
    service: { certificate: () => '', http: () => ok },
  });
  let leave = (): void => undefined;
  try {
    const kubernetes = await waitForCluster(process);
    const candidate: Candidate = {
      machine,
      identity: identityOf(machine),
      isAble: () =>
        process.status === undefined && !process.isKilled && machine.isOn && apiServerOn(machine)?.isServing === true,
    };
    const left = joined(kubernetes);
    leave = () => {
      left();
      of.election(kubernetes).leave(candidate);
    };
    of.election(kubernetes).join(candidate);
    await process.during(new Promise(() => undefined));
    return 0;
  } finally {
    leave();
    machine.closePorts(process);
  }
};

/** kube-controller-manager. */
export const kubeControllerManager: Program = (process, args) => {
  const flags = parseFlags(args);
  const { machine } = process;
  const read = (flag: string): string => machine.files.readIfThere(flags.get(flag) ?? '') ?? '';
  return run(
    process,
    { port: 10_257, name: 'kube-controller', election: ({ controllerManager }) => controllerManager },
    ({ controllers }) => {
      const settings = {
        controllers: (flags.get('controllers') ?? '*').split(','),
        signingCertificate: read('cluster-signing-cert-file'),
        signingKey: read('cluster-signing-key-file'),
      };
      controllers.settings.set(machine, settings);
      return () => {
        if (controllers.settings.get(machine) === settings) controllers.settings.delete(machine);
      };
    },
  );
};

/** kube-scheduler. */
export const kubeScheduler: Program = (process) =>
  run(process, { port: 10_259, name: 'kube-scheduler', election: ({ scheduler }) => scheduler }, () => () => undefined);
