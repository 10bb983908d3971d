import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { clusterYaml } from '../../../lab/cluster-yaml.js';
import { startSimulation } from '../../../lab/simulation/index.js';
import type { Simulation } from '../../../lab/simulation/index.js';
import { makeTopology } from '../../../lab/topology.js';
import { submitOperation } from '../../../api/client/submit.js';
import type { DecisionAction } from '../../../model/progress.js';
import type { OperationKind } from '../../../model/operations.js';
import { names, workflowIds } from '../../../model/messages.js';
import type { OperationContext } from '../../../model/operation.js';
import { operationContext } from '../../../model/specification/operation-context.js';
import { validateSpecification } from '../../../model/specification/validate.js';
import { resetRun } from '../../support/reset.js';
import { by } from '../../support/workflow-harness.js';
import { check, historyTexts, overlaps, watch } from '../support/invariants.js';
import type { ReportedOperation } from '../support/invariants.js';
import { whenPrinted } from '../support/inject.js';
import { installNetwork } from '../support/install-network.js';
import { makeRandomFaults } from './faults.js';
import { reportsOf, startOperator } from './operator.js';
import type { Operator } from './operator.js';
import { makePeople } from './people.js';
import { kindOf } from './script.js';
import type { Moment, Script, Step } from './script.js';
import type { Workers, Wrap } from './workers.js';

/** How a schedule went. */
export interface Outcome {
  /** In clear words; empty when every invariant held. */
  readonly violations: readonly string[];
  readonly operations: readonly ReportedOperation[];
  /** Why operations waited for a decision. */
  readonly reasons: readonly string[];
  /** What people did. */
  readonly people: readonly string[];
  readonly ms: number;
}

const timeScale = 0.03;
const phaseWaitMs = 4_000;
const blockWaitMs = 8_000;
const decisionWaitMs = 2_000;
const endMs = 180_000;

/** Everything is faster than on real hosts, and so is the operator's patience. */
const budgets = { join: '2m', unreachable: '2s', ready: '3s' };

const untilMoment = async (simulation: Simulation, operator: Operator, moment: Moment, host: string): Promise<void> => {
  if ('afterMs' in moment) {
    await sleep(moment.afterMs);
    return;
  }
  if ('when' in moment) {
    operator.forget();
    const deadline = Date.now() + blockWaitMs;
    const isThere = (): boolean => (moment.when === 'an operation waits' ? operator.isAsked : operator.isIdle);
    while (!isThere() && Date.now() < deadline) await sleep(50);
    return;
  }
  let stop: (() => void) | undefined;
  await Promise.race([
    new Promise<void>((resolve) => (stop = whenPrinted(simulation, host, moment.printed, resolve))),
    sleep(phaseWaitMs),
  ]);
  stop?.();
};

/** Whoever was held decides what is asked of him now. */
const goOn = async (operator: Operator): Promise<void> => {
  if (!operator.isHeld) return;
  const before = operator.decided;
  operator.release();
  const deadline = Date.now() + decisionWaitMs;
  while (operator.decided === before && operator.hasWishes && operator.isAsked && Date.now() < deadline)
    await sleep(20);
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
  const operator = startOperator(harness, name, script.decisions, watched.hands);
  const faults = makeRandomFaults(simulation, worker.kill);
  const validated = validateSpecification(
    parse(clusterYaml(simulation, { policy: { ...script.policy, probeEvery: '1s', budgets } })),
  );
  if (!validated.ok) throw new Error(JSON.stringify(validated));
  const people = makePeople(simulation, validated.specification);
  const contexts = new Map<string, OperationContext>();
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
    contexts.set(context.operation, context);
    // As the product hands it over: Temporal may fail to answer in between.
    await submitOperation(harness.client, { context, by }, { taskQueue: harness.taskQueue });
  };
  /** Somebody begins once more what has ended, where nothing else runs under its id. */
  const onceMore = async (what: 'workflow reset' | 'begun again', host: string): Promise<void> => {
    const last = await operator.lastEnded(host);
    const context = contexts.get(last?.operation ?? '');
    if (last === undefined || context === undefined) return;
    const { workflowId, runId } = last;
    const handle = harness.client.workflow.getHandle(workflowId);
    if ((await handle.describe()).status.name === 'RUNNING') return;
    const newRunId =
      what === 'workflow reset'
        ? await resetRun(handle, runId)
        : (
            await harness.client.workflow.start(names.workflows[context.kind], {
              workflowId,
              taskQueue: harness.taskQueue,
              args: [{ context, by }],
            })
          ).firstExecutionRunId;
    operator.lookAfter(host, { workflowId, runId: newRunId });
  };
  const make = async (step: Step): Promise<void> => {
    switch (step.do) {
      case 'mend':
        return faults.mend();
      case 'operation':
        return ask(step.kind ?? kindOf(step.host, script), step.host);
      case 'cancel': {
        isCancelled = true;
        const kind = kindOf(step.host, script);
        const id = kind === 'join-worker' ? workflowIds.shared(name, kind, step.host) : workflowIds.exclusive(name);
        await harness.client.workflow
          .getHandle(id)
          .cancel()
          .catch(() => undefined);
        return;
      }
      case 'workflow reset':
      case 'begun again':
        return onceMore(step.do, step.host);
      case 'joined by hand':
      case 'initialised by hand':
      case 'reset by hand':
      case 're-imaged':
      case 'renamed':
      case 'rebuilt as another cluster':
      case 'token made':
      case 'snapshot saved':
      case 'backend added':
        return people.make(step);
      default:
        return faults.make(step);
    }
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
    operator.nothingIsBroken(false);
    for (const { host, kind } of script.leftovers) faults.leave(host, kind);
    let about = 'cp1';
    for (const step of script.steps) {
      // Between steps of one moment nobody decides.
      if (!('afterMs' in step && step.afterMs === 0)) await goOn(operator);
      if ('when' in step && step.when === 'an operation waits') operator.hold();
      await untilMoment(simulation, operator, step, about);
      if (step.do === 'operation') about = step.host;
      await make(step);
    }
    operator.release();
    // What was just begun is given the time to fail.
    await sleep(500);
    await faults.mend();
    operator.nothingIsBroken(true);
    const ended = await operator.allEnded(asked, endMs);
    const operations = await reportsOf(harness, ended, operator, told);
    const begun = ended.filter(({ runId }) => runId !== undefined);
    const broken = await check({
      simulation,
      watch: watched,
      operations,
      touched: new Set(script.leftovers.map(({ host }) => host)),
      foreign: new Set(script.leftovers.filter(({ kind }) => kind === 'foreign').map(({ host }) => host)),
      texts: await historyTexts(harness.client, [...begun, ...operator.others]),
      people: true,
    });
    const violations = [...broken, ...(await overlaps(harness.client, ended))];
    return { violations, operations, reasons: operator.reasons, people: people.did, ms: Date.now() - began };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const seen = (await harness.queue(name).catch(() => undefined))?.ended ?? [];
    const operations = await reportsOf(harness, seen, operator, told);
    return {
      violations: [...watched.violations, `ended: ${message}`, ...simulation.world.defects],
      operations,
      reasons: operator.reasons,
      people: people.did,
      ms: Date.now() - began,
    };
  } finally {
    isOver = true;
    operator.stop();
    watched.stop();
    const queue = await harness.queue(name).catch(() => undefined);
    for (const { workflowId } of [...(queue?.running ?? []), ...operator.others])
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
