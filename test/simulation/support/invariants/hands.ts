// Who had a hand in a host last: an operation that is not over, or somebody else.
import type { Machine } from '../../../../lab/simulation/system/machine.js';
import type { Process } from '../../../../lab/simulation/system/process.js';
import type { World } from '../../../../lab/simulation/world.js';
import { actorOf, folderOf, kubeadmCommandOf } from './actors.js';

/** What an operation has begun on a host. */
interface Attempt {
  readonly command: 'init' | 'join';
  /** Of the operation's configuration: one for each operation. */
  readonly folder: string;
  readonly machineId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** kubeadm, or where it has run. */
  readonly process: Process;
}

/** kubeadm as operations have run it. */
export interface KubeadmRun {
  readonly host: string;
  readonly command: 'init' | 'join' | 'reset';
  readonly at: number;
  /** Absent while it runs. */
  endedAt?: number;
}

export interface Hands {
  /** What an operation has begun on the host that has not ended, while nobody else has touched the host since. */
  attemptOn(machine: Machine): Attempt | undefined;
  /** Somebody else than an operation has done something to the host. */
  touched(host: string): void;
  /** When that was, milliseconds since the epoch. */
  touches(host: string): readonly number[];
  /** A person's kubeadm runs on the host. */
  isBusy(host: string): boolean;
  /** An operation about the host has ended: what is there is nobody's attempt any more, and its approvals are over. */
  ended(host: string, at: number): void;
  /** Somebody has approved what was shown about the host at that time. */
  approved(host: string, shownAt: number): void;
  /** Somebody has approved it, and nobody has touched the host since. */
  isApproved(host: string): boolean;
  readonly runs: readonly KubeadmRun[];
  stop(): void;
}

/** A person deletes etcd's data. */
const deletesData = ({ argv: [program = '', ...args] }: Process): boolean =>
  /(^|\/)rm$/.test(program) && args.some((arg) => arg.startsWith('/var/lib/etcd'));

/** Files that are others when another node is made of a host, or none. */
const nodeFiles = [
  '/etc/kubernetes/pki/ca.crt',
  '/etc/kubernetes/kubelet.conf',
  '/etc/kubernetes/admin.conf',
  '/var/lib/etcd/member/wal/0000000000000000-0000000000000000.wal',
];
const nodeOn = ({ files }: Machine): string => nodeFiles.map((file) => files.readIfThere(file) ?? '').join();

export const watchHands = (world: World): Hands => {
  const attempts = new Map<string, Attempt>();
  const touches = new Map<string, number[]>();
  const approvals = new Map<string, number>();
  const machineIds = new Map<string, string>();
  const busy = new Map<string, number>();
  const runs: KubeadmRun[] = [];
  const touched = (host: string): void => {
    touches.set(host, [...(touches.get(host) ?? []), Date.now()]);
    approvals.delete(host);
    // What an operation's kubeadm goes on with is its own.
    if (attempts.get(host)?.process.status !== undefined) attempts.delete(host);
  };
  /** A host that was installed anew was touched, whoever did that. */
  const look = (machine: Machine): void => {
    const before = machineIds.get(machine.name);
    machineIds.set(machine.name, machine.machineId);
    if (before === undefined || before === machine.machineId) return;
    attempts.delete(machine.name);
    touched(machine.name);
  };
  for (const machine of world.machines.values()) look(machine);
  const stop = world.onProcess((process) => {
    const { machine } = process;
    const { name, machineId } = machine;
    look(machine);
    const command = kubeadmCommandOf(process);
    if (command === undefined && !deletesData(process)) return;
    switch (actorOf(process)) {
      case 'person': {
        const before = nodeOn(machine);
        busy.set(name, (busy.get(name) ?? 0) + 1);
        void process.whenEnded().then(() => {
          busy.set(name, (busy.get(name) ?? 1) - 1);
          // A kubeadm that refuses the host leaves it as it is.
          if (nodeOn(machine) !== before) touched(name);
        });
        return;
      }
      case 'product':
        if (command === undefined) return;
        {
          const run: KubeadmRun = { host: name, command, at: Date.now() };
          runs.push(run);
          void process.whenEnded().then(() => (run.endedAt = Date.now()));
        }
        if (command !== 'reset')
          attempts.set(name, { command, folder: folderOf(process), machineId, at: Date.now(), process });
        return;
      case 'system':
    }
  });
  const seen = (host: string): void => {
    const machine = world.machines.get(host);
    if (machine !== undefined) look(machine);
  };
  return {
    attemptOn: (machine) => {
      look(machine);
      return attempts.get(machine.name);
    },
    touched,
    touches: (host) => {
      seen(host);
      return touches.get(host) ?? [];
    },
    isBusy: (host) => (busy.get(host) ?? 0) > 0,
    ended: (host, at) => {
      if ((attempts.get(host)?.at ?? Infinity) < at) attempts.delete(host);
      if ((approvals.get(host) ?? Infinity) < at) approvals.delete(host);
    },
    approved: (host, shownAt) => {
      seen(host);
      if (!(touches.get(host) ?? []).some((at) => at >= shownAt)) approvals.set(host, shownAt);
    },
    isApproved: (host) => {
      seen(host);
      return approvals.has(host);
    },
    runs,
    stop,
  };
};
