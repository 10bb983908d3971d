import { startOperations, decideAndWait, requireFinished } from '../../scenarios/operations.js';
import type { Scenario } from '../../scenarios/scenario.js';
import type { Site } from '../../scenarios/site.js';
import { playsOnHosts } from '../../support/verdicts.js';
import type { LabCluster } from './lab-cluster.js';
import { watchKubeadm, whenPrinted, whenWritten } from './moments.js';
import { observeLab } from './observer.js';

const budgets = { join: '30m', unreachable: '20s', ready: '40s' };

const names = (prefix: string, from: number, to: number): string[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => `${prefix}${from + index}`);

/** Runs a scenario on real hosts. The cluster is as before afterwards, or another one is made for the next. */
export const runInLab = async (cluster: LabCluster, scenario: Scenario): Promise<void> => {
  const { controlPlanes = 1, hosts = controlPlanes + 1, workers = 1, impatient, policy, kubeadm, wrap } = scenario;
  playsOnHosts();
  const spare = [...names('cp', controlPlanes + 1, hosts), ...names('w', 1, workers)];
  let stop: () => Promise<void> = () => Promise.resolve();
  try {
    const lab = await cluster.prepare(controlPlanes, spare);
    const operations = await startOperations({
      cluster: cluster.name,
      hosts: ['lb1', ...names('cp', 1, controlPlanes), ...spare].map((host) => lab.host(host)),
      sshConfigFile: lab.sshConfigFile,
      change: (specification) => ({
        ...specification,
        spec: {
          ...specification.spec,
          policy: {
            ...specification.spec.policy,
            resumeWhenHealthy: false,
            ...(impatient === true ? { budgets } : {}),
            ...policy,
          },
          kubeadm: { ...specification.spec.kubeadm, ...kubeadm },
        },
      }),
      ...(wrap === undefined ? {} : { wrap }),
    });
    ({ stop } = operations);
    const run: Site['run'] = async (kind, host) => {
      const stopWatching = watchKubeadm(lab.host(host));
      return operations.run(kind, host).finally(stopWatching);
    };
    await scenario.run({
      ...operations,
      kind: 'lab',
      name: cluster.name,
      faults: lab.faults,
      observer: observeLab(lab),
      host: (name) => lab.host(name),
      run,
      finish: async (kind, host) => requireFinished(await run(kind, host)),
      decide: decideAndWait,
      decideAndFinish: async (outcome, action) => void requireFinished(await decideAndWait(outcome, action)),
      powerOn: async (name) => {
        await lab.host(name).powerOn();
        await lab.host(name).waitForSsh();
      },
      whenPrinted: (host, ...rest) => whenPrinted(lab.host(host), ...rest),
      whenWritten: (host, ...rest) => whenWritten(lab.host(host), ...rest),
      makeCgroupV1: () => undefined,
      expectNoDefects: () => undefined,
    });
    await stop();
    await cluster.restore().catch(async (error: unknown) => {
      console.log(`the cluster is not as before, another is made: ${String(error)}`);
      await cluster.discard();
    });
  } catch (error) {
    await stop();
    await cluster.discard();
    throw error;
  }
};
