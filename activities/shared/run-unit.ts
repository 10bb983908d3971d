import { CancelledFailure, activityInfo, cancellationDetails, cancellationSignal, sleep } from '@temporalio/activity';
import { z } from 'zod';
import { execute } from '../../adapters/ssh/execute.js';
import { quote } from '../../adapters/ssh/quote.js';
import type { Host } from '../../adapters/ssh/types.js';
import { ensureUnit } from '../../adapters/systemd/ensure-unit.js';
import type { UnitCommand } from '../../adapters/systemd/ensure-unit.js';
import { followUnit } from '../../adapters/systemd/follow-unit.js';
import { readUnit } from '../../adapters/systemd/read-unit.js';
import { stopUnit } from '../../adapters/systemd/stop-unit.js';
import type { UnitReading } from '../../adapters/systemd/unit-reading.js';
import { unitLogFile } from '../../adapters/systemd/unit-name.js';
import { QuorateError } from '../../model/failures/failure.js';
import { previousHeartbeat, report } from '../boundary.js';

const Seen = z.object({ unit: z.string(), bootId: z.string(), offset: z.number() });

const logTailBytes = 64 * 1024;
const reconnectEveryMs = 1_000;

export interface UnitRun {
  /** `interrupted`: the unit was started before and is gone, because the host restarted or somebody stopped it. */
  readonly state: 'succeeded' | 'failed' | 'killed' | 'timed-out' | 'interrupted';
  readonly exitStatus?: number;
  /** At most the last 64 KiB of what it printed. */
  readonly log: string;
  readonly logFile: string;
}

export interface RunUnitOptions {
  /** Called with whole lines as the host prints them. */
  readonly onLines?: (lines: readonly string[]) => void;
  /** How long this attempt tries to reopen a lost connection, milliseconds. */
  readonly reconnectMs: number;
  /** Only follows a unit that was started before; default false. */
  readonly mustExist?: boolean;
}

const neverBegun = (host: Host, unit: string): QuorateError =>
  new QuorateError('ChangedSinceCheck', `${unit} had not been begun on ${host.name} when sight of it was lost`, {
    host: host.name,
    remedy: `the operation reads ${host.name} and the cluster again by itself, and begins from there`,
    evidence: [`${unit} is not loaded, and has no log`],
  });

/** `running` is not an ending: the caller goes on following. */
const ended = (reading: UnitReading): UnitRun['state'] | undefined => {
  if (reading.state === 'running') return undefined;
  return reading.state === 'absent' ? 'interrupted' : reading.state;
};

/**
 * Starts a unit or finds the one that an earlier attempt started, and follows it to its end. A unit that was started
 * before and is gone is never started again: the world has to be read first. Only a requested cancel stops the unit;
 * a dead worker, a lost connection or a shutdown leaves it running for the next attempt.
 * @throws QuorateError Unreachable when the connection does not come back in time; ChangedSinceCheck when it must exist and
 *   was never begun, or what `ensureUnit` compares is different; CancelledFailure
 */
export const runUnit = async (host: Host, command: UnitCommand, options: RunUnitOptions): Promise<UnitRun> => {
  const { unit } = command;
  const logFile = command.logFile ?? unitLogFile(unit);
  const signal = cancellationSignal();
  const before = Seen.safeParse(previousHeartbeat());
  const startedBefore = before.success && before.data.unit === unit;
  let offset = startedBefore ? before.data.offset : 0;

  const finish = async (reading: UnitReading, state: UnitRun['state']): Promise<UnitRun> => ({
    state,
    ...(reading.exitStatus === undefined ? {} : { exitStatus: reading.exitStatus }),
    log: await execute(
      host,
      `reading the log of ${unit}`,
      `tail -c ${logTailBytes} ${quote(logFile)} 2>/dev/null || true`,
    ),
    logFile,
  });

  let lostSince: number | undefined;
  /** Waits before the connection is tried again, or throws what is not a lost connection or lasts too long. */
  const orReconnect = async (error: unknown): Promise<void> => {
    if (!(error instanceof QuorateError) || error.type !== 'Unreachable') throw error;
    lostSince ??= performance.now();
    if (performance.now() - lostSince > options.reconnectMs) throw error;
    await sleep(reconnectEveryMs);
  };

  const readExisting = async (): Promise<UnitReading> => {
    for (;;) {
      try {
        const reading = await readUnit(host, unit, { logFile });
        lostSince = undefined;
        return reading;
      } catch (error) {
        // A command that runs for longer than the activity's budget leaves Temporal no retry: it is tried here.
        if (!startedBefore) throw error;
        await orReconnect(error);
      }
    }
  };

  const follow = async (): Promise<UnitRun> => {
    let rest = '';
    const existing = await readExisting();
    // Its log outlives the unit and a restart of the host: it was started once.
    if (existing.state === 'absent' && (existing.logSize > 0 || startedBefore)) return finish(existing, 'interrupted');
    if (existing.state === 'absent' && options.mustExist === true) throw neverBegun(host, unit);
    const started = existing.state === 'absent' ? await ensureUnit(host, { ...command, logFile }) : existing;
    const { bootId } = started;
    report({ unit, bootId, offset });
    for (;;) {
      try {
        if (lostSince !== undefined) {
          // Answering it proves the connection: the next loss has its own time, also when the command is silent.
          await readUnit(host, unit, { logFile });
          lostSince = undefined;
        }
        const reading = await followUnit(host, unit, {
          offset,
          logFile,
          signal,
          timeoutMs: 45 * 60_000,
          onOutput: (text, newOffset) => {
            offset = newOffset;
            const lines = (rest + text).split('\n');
            rest = lines.pop() ?? '';
            const printed = lines.filter((line) => line.trim() !== '');
            report({ unit, bootId, offset, lastLine: (printed.at(-1) ?? '').slice(0, 300) });
            if (printed.length > 0) options.onLines?.(printed);
          },
        });
        const state = ended(reading);
        if (state !== undefined) return await finish(reading, state);
      } catch (error) {
        await orReconnect(error);
      }
    }
  };

  try {
    return await follow();
  } catch (error) {
    if (signal.aborted && cancellationDetails()?.cancelRequested === true) {
      await stopUnit(host, unit);
      throw new CancelledFailure('CANCELLED');
    }
    if (signal.aborted) throw new CancelledFailure(`${activityInfo().activityType} left ${unit} running`);
    throw error;
  }
};
