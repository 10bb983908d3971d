import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { clusterYaml } from '../../../lab/cluster-yaml.js';
import { startSimulation } from '../../../lab/simulation/index.js';
import type { Simulation } from '../../../lab/simulation/index.js';
import { makeTopology } from '../../../lab/topology.js';
import { submitOperation } from '../../../src/api/submit.js';
import type { DecisionAction } from '../../../src/model/progress.js';
import type { OperationKind } from '../../../src/model/operation.js';
import { workflowIds } from '../../../src/model/messages.js';
import { operationContext } from '../../../src/model/specification/operation-context.js';
import { validateSpecification } from '../../../src/model/specification/validate.js';
import { by } from '../../support/workflow-harness.js';
import { check, historyTexts, overlaps, watch } from '../support/invariants.js';
import type { ReportedOperation } from '../support/invariants.js';
import { whenPrinted } from '../support/inject.js';
import { installNetwork } from '../support/install-network.js';
import { makeRandomFaults } from './faults.js';
import { reportsOf, startOperator } from './operator.js';
import type { Operator } from './operator.js';
import { kindOf } from './script.js';
import type { Moment, Script } from './script.js';
import type { Workers, Wrap } from './workers.js';

/** How a schedule went. */
export interface Outcome {
  /** In clear words; empty when every invariant held. */
  readonly violations: readonly string[];
  readonly operations: readonly ReportedOperation[];
  /** Why operations waited for a decision. */
  readonly reasons: readonly string[];
  readonly ms: number;
}

const timeScale = 0.03;
const phaseWaitMs = 4_000;
const blockWaitMs = 8_000;
const endMs = 180_000;

/** Everything is faster than on real hosts, and so is the operator's patience. */
const budgets = { join: '2m', unreachable: '2s', ready: '3s' };

const untilMoment = async (simulation: Simulation, operator: Operator, moment: Moment, host: string): Promise<void> => {
  if ('afterMs' in moment) {
    await sleep(moment.afterMs);
    return;
  }
  if ('when' in moment) {
    const deadline = Date.now() + blockWaitMs;
    while (!operator.isAsked && Date.now() < deadline) await sleep(50);
    return;
  }
  let stop: (() => void) | undefined;
  await Promise.race([
    new Promise<void>((resolve) => (stop = whenPrinted(simulation, host, moment.printed, resolve))),
    sleep(phaseWaitMs),
  ]);
  stop?.();
};

/** Plays a schedule on hosts of its own, mends everything, lets every operation end, and looks what is broken. */
export const runScript = async (workers: Workers, script: Script, wrap?: Wrap): Promise<Outcome> => {
  const began = Date.now();
  const name = `random-${randomUUID().slice(0, 8)}`;
  const simulation = await startSimulation({
    name,
    hosts: makeTopology({ controlPlanes: script.controlPlanes, workers: script.workers, loadBalancers: 1 }),
    timeScale,
  });
  const watched = watch(simulation);
  const worker = workers.enter(name, simulation.sshConfigFile, wrap);
  const { harness } = workers;
  const operator = startOperator(harness, name, script.decisions);
  const faults = makeRandomFaults(simulation, worker.kill);
  const validated = validateSpecification(
    parse(clusterYaml(simulation, { policy: { ...script.policy, probeEvery: '1s', budgets } })),
  );
  if (!validated.ok) throw new Error(JSON.stringify(validated));
  let asked = 0;
  let isCancelled = false;
  // Whose turn it is when a cancel arrives is not known here.
  const told = (operation: string): ReadonlySet<DecisionAction | 'cancel'> =>
    new Set([...(operator.told.get(operation) ?? []), ...(isCancelled ? (['cancel'] as const) : [])]);
  const ask = async (kind: OperationKind, host: string): Promise<void> => {
    asked += 1;
    watched.asked(kind, host);
    const context = operationContext(validated.specification, kind, host, {
      operation: `${name}/${kind}/${host}/k${asked}`,
      round: 0,
    });
    // As the product hands it over: Temporal may fail to answer in between.
    await submitOperation(harness.client, { context, by }, { taskQueue: harness.taskQueue });
  };
  let isOver = false;
  try {
    void installNetwork(simulation, () => isOver);
    for (let number = 1; number <= script.built; number += 1) {
      await ask(number === 1 ? 'init' : 'join-control-plane', `cp${number}`);
      const ended = await operator.allEnded(number, endMs);
      const last = ended.at(-1);
      if (last?.outcome !== 'finished') throw new Error(`the cluster could not be built: ${last?.message}`);
    }
    for (const { host, kind } of script.leftovers) faults.leave(host, kind);
    let about = 'cp1';
    for (const step of script.steps) {
      await untilMoment(simulation, operator, step, about);
      if (step.do === 'mend') await faults.mend();
      else if (step.do === 'operation') {
        about = step.host;
        await ask(kindOf(step.host, script), step.host);
      } else if (step.do === 'cancel') {
        isCancelled = true;
        const kind = kindOf(step.host, script);
        const id = kind === 'join-worker' ? workflowIds.shared(name, kind, step.host) : workflowIds.exclusive(name);
        await harness.client.workflow
          .getHandle(id)
          .cancel()
          .catch(() => undefined);
      } else await faults.make(step);
    }
    // What was just begun is given the time to fail.
    await sleep(500);
    await faults.mend();
    operator.everythingIsMended();
    const ended = await operator.allEnded(asked, endMs);
    const operations = await reportsOf(harness, ended, told);
    const begun = ended.filter(({ runId }) => runId !== undefined);
    const broken = await check({
      simulation,
      watch: watched,
      operations,
      touched: new Set(script.leftovers.map(({ host }) => host)),
      foreign: new Set(script.leftovers.filter(({ kind }) => kind === 'foreign').map(({ host }) => host)),
      texts: await historyTexts(harness.client, begun),
      uploaded: faults.uploaded,
    });
    const violations = [...broken, ...(await overlaps(harness.client, ended))];
    return { violations, operations, reasons: operator.reasons, ms: Date.now() - began };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const operations = await reportsOf(harness, (await harness.queue(name).catch(() => undefined))?.ended ?? [], told);
    return {
      violations: [...watched.violations, `ended: ${message}`, ...simulation.world.defects],
      operations,
      reasons: operator.reasons,
      ms: Date.now() - began,
    };
  } finally {
    isOver = true;
    operator.stop();
    watched.stop();
    const queue = await harness.queue(name).catch(() => undefined);
    for (const { workflowId } of queue?.running ?? [])
      await harness.client.workflow
        .getHandle(workflowId)
        .terminate()
        .catch(() => undefined);
    await harness
      .entity(name)
      .terminate()
      .catch(() => undefined);
    await worker.close();
    await simulation.down();
  }
};
