import { ApiServer } from '../kubernetes/api-server.js';
import { PortInUse } from '../network/port-in-use.js';
import type { Program } from '../system/process.js';
import { parseFlags } from './flags.js';

/** How long it waits for its etcd before it gives up, and is started again. */
const etcdMs = 20_000;
const startMs = 900;
const hooksMs = 1_500;

/** kube-apiserver, as kubeadm's static Pod starts it. */
export const kubeApiserver: Program = async (process, args) => {
  const flags = parseFlags(args);
  const { machine } = process;
  const read = (flag: string): string | undefined => machine.files.readIfThere(flags.get(flag) ?? '');
  const [certificate, ca] = [read('tls-cert-file'), read('client-ca-file')];
  if (certificate === undefined || ca === undefined) {
    process.complain(
      `E0101 00:00:00.000000       1 run.go:72] "command failed" err="open ${flags.get('tls-cert-file')}: no such file or directory"\n`,
    );
    return 1;
  }
  await process.work(startMs);
  const server = new ApiServer({ process, certificate, ca });
  const port = Number(flags.get('secure-port') ?? 6443);
  try {
    machine.listen({ port, address: '*', process, name: 'kube-apiserver', service: server });
  } catch (error) {
    if (!(error instanceof PortInUse)) throw error;
    process.complain(
      `E0101 00:00:00.000000       1 run.go:72] "command failed" err="failed to create listener: ${error.message}"\n`,
    );
    return 1;
  }
  try {
    const patience = Date.now() + etcdMs * machine.world.timeScale;
    while (!server.hasEtcd) {
      if (Date.now() > patience) {
        process.complain(
          'F0101 00:00:00.000000       1 instance.go:233] Error creating leases: error creating storage factory: context deadline exceeded\n',
        );
        return 1;
      }
      await process.work(100);
    }
    await process.work(hooksMs);
    server.isStarted = true;
    server.kubernetes?.look();
    machine.world.network.changed();
    await process.during(new Promise(() => undefined));
    return 0;
  } finally {
    server.isStarted = false;
    machine.closePorts(process);
    server.kubernetes?.look();
  }
};
