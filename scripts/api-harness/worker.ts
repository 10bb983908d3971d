// A worker of the product's workflows whose activities play a healthy cluster, for scripts that need no hosts.
// Arguments: address of the Temporal server; a file: until it is there no host of a cluster called outage-... answers; how
// long kubeadm takes, milliseconds: from half of it to half as much again, as no two hosts are alike.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { NativeConnection } from '@temporalio/worker';
import { guarded } from '../../activities/boundary.js';
import type { Activities } from '../../activities/contract.js';
import { QuorateError } from '../../model/failures/failure.js';
import { createLogger } from '../../workers/log.js';
import { createWorker, installRuntime } from '../../workers/worker.js';
import { workflowBundle } from '../../workers/workflow-bundle.js';
import { defaultAnswers, hostOf } from '../../test/support/scripted-answers.js';

const [address = '', powerFile = '', kubeadmMs = '0'] = process.argv.slice(2);
installRuntime({ logger: createLogger('error') });
const connection = await NativeConnection.connect({ address });

const answers = defaultAnswers({ hosts: {} });
const activities: Activities = {
  ...answers,
  readHost: async (context) => {
    if (context.cluster.startsWith('outage-') && !existsSync(powerFile)) {
      throw new QuorateError('Unreachable', `${context.target.name} does not answer`, {
        host: context.target.name,
        remedy: 'see that it has power',
        evidence: ['connect ETIMEDOUT'],
      });
    }
    return hostOf(context);
  },
  runKubeadm: async (context, checked) => {
    await sleep(Number(kubeadmMs) * (0.5 + Math.random()), undefined, { signal: Context.current().cancellationSignal });
    return answers.runKubeadm(context, checked);
  },
};
const worker = await createWorker({
  connection,
  namespace: 'default',
  bundle: await workflowBundle(),
  graceMs: 500,
  activities: Object.fromEntries(
    Object.entries(activities).map(([name, activity]) => [name, guarded(activity as never)]),
  ),
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => worker.shutdown());
console.log('ready');
await worker.run();
await connection.close();
process.exit(0);
