import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import type { OperationContext } from '../../model/operation.js';
import type { ReportedOperation } from '../../test/simulation/support/invariants.js';
import { drive, start } from './operator.js';
import { startSite } from './site.js';
import type { Site, World } from './site.js';
import { startOwnTemporal } from './temporal.js';
import type { OwnTemporal } from './temporal.js';
import { WorkerProcess } from './worker-process.js';

const buildMs = 90_000;

/** One case after the other: a Temporal server, a worker process and simulated hosts of its own. */
export interface Lane {
  readonly temporal: OwnTemporal;
  readonly worker: WorkerProcess;
  readonly taskQueue: string;
  /** Hosts as a case finds them. */
  site(world: World): Promise<Site>;
  /** After a case. */
  leave(site: Site): Promise<void>;
  close(): Promise<void>;
}

/** @param folder of its own */
export const startLane = async (folder: string, codePath: string): Promise<Lane> => {
  const sshFolder = join(folder, 'ssh');
  await mkdir(sshFolder, { recursive: true });
  const temporal = await startOwnTemporal(folder);
  const { client, address, namespace } = temporal;
  const taskQueue = 'crash';
  const worker = new WorkerProcess(
    // Where the simulation puts it.
    { address, namespace, taskQueue, codePath, sshConfigFile: join(sshFolder, 'ssh_config') },
    join(folder, 'worker.log'),
  );
  await worker.start();
  let current: Site | undefined;
  let sites = 0;
  const drop = async (): Promise<void> => {
    const site = current;
    current = undefined;
    await site?.close();
  };
  const finish = async (context: OperationContext): Promise<ReportedOperation> => {
    const done = await drive(client, await start(client, taskQueue, context), context, buildMs);
    if (done.outcome !== 'finished')
      throw new Error(`${context.operation}: ${done.summary ?? done.blocked?.message ?? 'did not end'}`);
    return done;
  };
  return {
    temporal,
    worker,
    taskQueue,
    site: async (world) => {
      if (current !== undefined && current.world !== world) await drop();
      current ??= await startSite({ world, name: `crash-${(sites += 1)}`, directory: sshFolder, finish });
      return current;
    },
    leave: async (site) => {
      if (!(await site.restore())) await drop();
    },
    close: async () => {
      await drop();
      await worker.close();
      await temporal.stop();
    },
  };
};
