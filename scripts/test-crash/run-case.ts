import { setTimeout as sleep } from 'node:timers/promises';
import { historyTexts, check, watch } from '../../test/simulation/support/invariants.js';
import type { ReportedOperation } from '../../test/simulation/support/invariants.js';
import { crashLabel, crashNow } from './crashes.js';
import type { Crash } from './crashes.js';
import type { Lane } from './lane.js';
import { activityLabel, momentLabel } from './moments.js';
import type { FromWorker, Gate } from './moments.js';
import { drive, start } from './operator.js';
import type { Driven } from './operator.js';
import type { Scenario } from './scenarios.js';

/** One crash at one moment of one operation. */
export interface Case {
  readonly scenario: Scenario;
  readonly gate: Gate;
  readonly crash: Crash;
}

export const caseLabel = ({ scenario, gate, crash }: Case): string =>
  `${scenario.name} / ${activityLabel(gate.activity)} / ${momentLabel(gate.moment)} / ${crashLabel(crash)}`;

export interface Ran {
  /** Broken invariants, and operations that did not end as they should. */
  readonly violations: readonly string[];
  /** The moment did not come. */
  readonly missed: boolean;
  /** What an operator had to decide. */
  readonly decided: readonly string[];
  readonly ms: number;
  readonly messages: readonly FromWorker[];
  /** Messages before this one came before the cancel. */
  readonly cancelledAt: number;
}

const operationMs = 120_000;
/** How long it may take after the end of an operation until all that died runs again. */
const crashMs = 15_000;
/** An operation that failed before it changed anything is asked for again. */
const mostOperations = 3;

/** The ending that a scenario has to come to. */
const wanted = ({ cancelAt }: Scenario): ReportedOperation['outcome'] =>
  cancelAt === undefined ? 'finished' : 'cancelled';

/** Runs an operation, with a crash or undisturbed. */
export const runCase = async (lane: Lane, scenario: Scenario, crash?: { gate: Gate; crash: Crash }): Promise<Ran> => {
  const { worker, temporal, taskQueue } = lane;
  const { client } = temporal;
  const site = await lane.site(scenario.world);
  const { simulation, before } = site;
  const startedAt = Date.now();
  await scenario.prepare?.(site);
  const seen = watch(simulation);
  for (const { kind, host } of before) seen.asked(kind, host);
  seen.asked(scenario.kind, scenario.host);

  const messages: FromWorker[] = [];
  const crashes: Promise<void>[] = [];
  let cancelledAt = 0;
  const gates = crash === undefined ? [] : [crash.gate];
  let cancel = (): Promise<void> => Promise.resolve();
  const stopListening = worker.onMessage((message) => {
    messages.push(message);
    if (message.kind !== 'reached') return;
    const { gate } = message;
    if (crash !== undefined && JSON.stringify(gate) === JSON.stringify(crash.gate)) {
      crashes.push(crashNow(crash.crash, { simulation, temporal, worker }));
      return;
    }
    crashes.push(
      (async () => {
        await cancel();
        cancelledAt = messages.length;
        worker.arm(gates);
        worker.go();
      })(),
    );
  });
  worker.begin();
  // An undo may have an activity that came before as well: it is waited for only after the cancel.
  worker.arm(scenario.cancelAt === undefined ? gates : [scenario.cancelAt]);

  const operations: Driven[] = [];
  const violations: string[] = [];
  let missed = false;
  try {
    for (let count = 0; count < mostOperations; count += 1) {
      const context = site.context(scenario.kind, scenario.host);
      const handle = await start(client, taskQueue, context);
      cancel = () => handle.cancel().then(() => undefined);
      const driven = await drive(client, handle, context, operationMs);
      operations.push(driven);
      // With nothing changed it is asked for again.
      if (driven.outcome !== 'failed') break;
    }
    const expected = (scenario.cancelAt === undefined ? 0 : 1) + (crash === undefined ? 0 : 1);
    const all = Promise.all(crashes).then(() => crashes.length === expected);
    missed = !(await Promise.race([all, sleep(crashMs, false, { ref: false })]));
    const last = operations.at(-1);
    if (last?.outcome === 'finished') await scenario.afterwards?.(site);
    if (last?.outcome !== wanted(scenario))
      violations.push(
        `${last?.operation ?? scenario.name} is ${last?.outcome ?? `blocked by ${last?.blocked?.type ?? 'nobody knows what'}`}, not ${wanted(scenario)}: ${last?.summary ?? last?.blocked?.message ?? ''}`,
      );
    const texts = await historyTexts(client, operations);
    // The operator of these cases never takes anything back.
    const told: ReportedOperation['told'] = new Set(
      scenario.cancelAt === undefined ? ['retry', 'approve'] : ['retry', 'approve', 'cancel'],
    );
    const reported = [...before, ...operations.map((one) => ({ ...one, told }))];
    violations.push(...(await check({ simulation, watch: seen, operations: reported, texts })));
    if (last?.outcome === undefined && last !== undefined)
      await client.workflow
        .getHandle(last.workflowId)
        .terminate('a case ended')
        .catch(() => undefined);
  } finally {
    stopListening();
    seen.stop();
    worker.arm([]);
    worker.go();
  }
  const ms = Date.now() - startedAt;
  await lane.leave(site);
  return {
    violations,
    missed,
    decided: operations.flatMap(({ decided }, index) => [
      ...decided,
      ...(index < operations.length - 1 ? [`asked for again: ${operations[index]?.summary ?? ''}`] : []),
    ]),
    ms,
    messages,
    cancelledAt,
  };
};
