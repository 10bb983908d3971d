import { z } from 'zod';
import { QuorateError } from '../../model/failures/failure.js';
import { parseJson } from '../script/parse-json.js';
import { newMark, parseSections } from '../script/sections.js';
import type { CommandOutcome, Host } from '../ssh/types.js';
import { requireEtcdctl } from './failures.js';
import { exitCodes } from './snapshot/exit-codes.js';
import { roomScript, snapshotFolder, snapshotScript } from './snapshot/script.js';
import { ordinaryPace } from './snapshot/supervision-script.js';
import type { Pace } from './snapshot/supervision-script.js';

/** What `etcdutl snapshot status -w json` prints, as far as it is told. */
const Status = z.object({ revision: z.number(), totalKey: z.number() });

export interface Snapshot {
  readonly file: string;
  /** Of the newest change in it; without etcdutl on the host, the one that the member had right before: at least that. */
  readonly revision: number;
  /** Absent where nothing on the host reads a snapshot. */
  readonly totalKeys?: number;
  readonly sizeBytes: number;
  /** Snapshots of this cluster that are on the host now, by their record. */
  readonly kept: number;
  /** Those of other clusters, by their record. */
  readonly elsewhere: number;
  /** Files `*.db` beside them without a record: of earlier versions, or of people. */
  readonly unrecorded: number;
  /** Names of older ones that could not be deleted. */
  readonly undeleted: readonly string[];
}

export interface SnapshotOptions {
  /** How many of this cluster's are kept on the host, this one among them; at least 1. */
  readonly keep: number;
  /** Ends the file's name; what is not a letter, digit, dot or dash is replaced. */
  readonly label: string;
  /** Ends it, on the host as well. */
  readonly signal?: AbortSignal;
  /** Default: a sign of life every 2 s; given up when it stands still for 60 s. */
  readonly pace?: Pace;
}

/** The time that one of a large database may take is bounded by its progress, not by a clock; timers take no more. */
const longestMs = 2 ** 31 - 1;

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const noSpace = (host: Host, sections: ReadonlyMap<string, string>): QuorateError => {
  const [free = '', needMiB = '', size = '', ...folder] = (sections.get('room') ?? '').trim().split(' ');
  return new QuorateError(
    'NoSpace',
    `${host.name} has ${Math.floor(Number(free) / 1024)} MiB free at ${folder.join(' ')}: a snapshot of its etcd (${mebibytes(Number(size))}) wants ${needMiB} MiB`,
    {
      host: host.name,
      remedy: `make room there on ${host.name}, or mount a larger disk at ${snapshotFolder}, where older snapshots are (\`policy.snapshots.keep\` says how many stay), then retry; or skip the snapshot`,
      evidence: [
        `${host.name} ${folder.join(' ')}: ${Math.floor(Number(free) / 1024)} MiB free, ${needMiB} MiB wanted: the database and what etcd needs itself`,
      ],
    },
  );
};

/** @throws QuorateError as `saveSnapshot` */
const requireSnapshot = (host: Host, mark: string, outcome: CommandOutcome): ReadonlyMap<string, string> => {
  const sections = parseSections(outcome.stdout, mark);
  const code = outcome.end.kind === 'exited' ? outcome.end.code : undefined;
  const remedy = `see \`systemctl status kubelet\` and the disks on ${host.name}; it is tried again by itself for a while`;
  const last = outcome.stderr.trim().split('\n').at(-1) ?? '';
  if (code === exitCodes.noSpace) throw noSpace(host, sections);
  if (code === exitCodes.stoodStill)
    throw new QuorateError('EtcdUnavailable', `saving an etcd snapshot at ${host.name}: ${last}`, {
      host: host.name,
      remedy,
      evidence: outcome.stderr.trim().split('\n').slice(-5),
    });
  if (code === exitCodes.locked) {
    const holder = (sections.get('holder') ?? '').trim();
    throw new QuorateError(
      'HostNotClean',
      `another snapshot of etcd is being taken on ${host.name}, and shows no sign of life: process ${holder === '' ? 'unknown' : holder} has ${snapshotFolder}/lock`,
      { host: host.name, remedy: `see what that process waits for (\`ps -f ${holder}\`), end it, then retry` },
    );
  }
  requireEtcdctl(host, 'saving an etcd snapshot', outcome);
  return sections;
};

/** Runs a script that shows signs of life, for as long as it does. */
const runWatched = async (host: Host, script: string, pace: Pace, signal?: AbortSignal): Promise<CommandOutcome> => {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), Math.max(30, pace.stillSeconds) * 1000);
  };
  heard();
  try {
    const outcome = await host.run(script, {
      timeoutMs: longestMs,
      signal: AbortSignal.any([silence.signal, ...(signal === undefined ? [] : [signal])]),
      onStdout: heard,
    });
    return outcome.end.kind === 'aborted' && silence.signal.aborted
      ? { ...outcome, end: { kind: 'timeout' } }
      : outcome;
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Saves a snapshot of the local member below /var/lib/quorate/snapshots, verifies it by its checksum and, where the host
 * has it, `etcdutl snapshot status`, and keeps the newest `keep` of this cluster, by a record of its own; what is told
 * is read from the file that is there in the end. It holds every Secret of the cluster: root only. Nothing of one that
 * fails is left. One at a time on a host: a second one waits.
 * @throws QuorateError NoSpace, before anything is written or when a disk fills up meanwhile; EtcdUnavailable, also when
 *   nothing more comes for a minute; HostNotClean when another one hangs; Unreachable; CommandFailed when it cannot be
 *   written or verified
 */
export const saveSnapshot = async (host: Host, options: SnapshotOptions): Promise<Snapshot> => {
  const { keep, pace = ordinaryPace, signal } = options;
  const label = options.label.replaceAll(/[^A-Za-z0-9.-]+/g, '-').slice(0, 80);
  const mark = newMark();
  const outcome = await runWatched(host, snapshotScript({ mark, keep, label, pace }), pace, signal);
  const sections = requireSnapshot(host, mark, outcome);
  const text = (name: string): string => (sections.get(name) ?? '').trim();
  const [revision = 0, sizeBytes = 0, kept = 0, elsewhere = 0, unrecorded = 0] = text('numbers').split(' ').map(Number);
  const status = text('status') === '' ? undefined : parseJson(Status, text('status'), 'etcdutl snapshot status', host);
  return {
    file: text('file'),
    revision,
    ...(status === undefined ? {} : { totalKeys: status.totalKey }),
    sizeBytes,
    kept,
    elsewhere,
    unrecorded,
    undeleted: text('undeleted') === '' ? [] : text('undeleted').split('\n'),
  };
};

/**
 * Looks whether there is room for a snapshot, without taking one.
 * @throws QuorateError as `saveSnapshot`
 */
export const requireRoomForSnapshot = async (host: Host): Promise<void> => {
  const mark = newMark();
  requireSnapshot(host, mark, await host.run(roomScript(mark), { timeoutMs: 30_000 }));
};
